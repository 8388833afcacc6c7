/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - a whole user of libovert: scans one file with a compiled database.
 *
 *   cc scan.c $(pkg-config --cflags --libs overt) -o scan && ./scan rules.ovdb FILE */
#include <fcntl.h>
#include <stdio.h>

#include <overt/overt.h>

int main(int argc, char **argv)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    overt_scanner *scanner = NULL;
    overt_report *report = NULL;
    int fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
    int exit_code = 2;

    if (fd < 0) {
        perror(argc == 3 ? argv[2] : "usage: scan RULES.ovdb FILE");
    } else if (overt_db_open(&db, argv[1], &err) != OVERT_OK
               || overt_scanner_new(&scanner, db, NULL, NULL, &err) != OVERT_OK
               || overt_scan_fd(scanner, fd, argv[2], &report, &err) != OVERT_OK) {
        fprintf(stderr, "%s\n", err.message);
    } else {
        exit_code = (int)overt_report_verdict(report);
        printf("%s: %s\n", argv[2], overt_verdict_text(overt_report_verdict(report)));
        for (size_t i = 0; i < overt_report_hit_count(report); i++) {
            const overt_hit *hit = overt_report_hit(report, i);

            printf("  %.*s\n", (int)hit->name.len, hit->name.bytes);
        }
    }
    overt_report_free(report);
    overt_scanner_free(scanner);
    overt_db_free(db);
    return exit_code;
}
