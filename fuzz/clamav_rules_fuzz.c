/* SPDX-License-Identifier: Apache-2.0 */
/* Target: ClamAV's databases, every text format and the container. The first byte says which.
 * Property: what was read compiles, and the database that comes of it passes verification. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "compile/compile.h"
#include "db/verify.h"
#include "rules/clamav/clamav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "f.ndb", "f.ldb", "f.hdb", "f.mdb", "f.fp", "f.ign2", "f.ign",
    "f.db", "f.imp", "f.cvd", "f.cld", "f.cud", "f.ndu", "f.ldu", "f.yar", "f.zmd", "f.cdb",
    "f.rmd", "f.crb", "f.pwdb", "f.pdb", "f.wdb", "f.ioc", "options", "f.ftm", "f.cfg" };

static void check(struct ov_rule_set *set, struct ov_diags *diags)
{
    struct ov_db_writer *writer = malloc(sizeof(*writer));
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_view view;
    uint8_t *out = NULL;
    size_t bytes;

    OV_ASSERT(writer != NULL);
    ov_db_writer_init(writer, UINT32_MAX);
    if (ov_compile(set, diags, writer, &err) == OVERT_OK) {
        bytes = (size_t)ov_db_writer_size(writer);
        out = malloc(bytes);
        OV_ASSERT(out != NULL && ov_db_writer_finish(writer, out, bytes, &err) == OVERT_OK);
        OV_ASSERT(ov_db_view_open(&view, ov_bytes_of(out, bytes), &err) == OVERT_OK);
        OV_ASSERT(ov_db_verify(&view, &err) == OVERT_OK);
    }
    free(out);
    ov_db_writer_done(writer);
    free(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_clamav clam;
    const char *name;

    if (size == 0) {
        return 0;
    }
    name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
    ov_arena_init(&arena, 256u * (uint64_t)OV_MIB);
    ov_rule_set_init(&set, &arena);
    ov_diags_init(&diags, &arena);
    ov_clamav_init(&clam, &set, &diags);
    OV_ASSERT(ov_clamav_options(&clam, ov_bytes_of("pua\n", 4)));
    if (strcmp(name, "options") == 0) {
        const bool good = ov_clamav_options(&clam, ov_bytes_of(data + 1, size - 1));

        (void)good; /* whatever it says of what it was told */
    } else {
        (void)ov_clamav_read(
                &clam, ov_bytes_of(name, strlen(name)), ov_bytes_of(data + 1, size - 1));
    }
    (void)ov_clamav_finish(&clam);
    if (!diags.out_of_memory) {
        check(&set, &diags);
    }
    ov_clamav_done(&clam);
    ov_diags_done(&diags);
    ov_rule_set_done(&set);
    ov_arena_done(&arena);
    return 0;
}
