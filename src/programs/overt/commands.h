/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the commands of `overt`, one file each. A command gets its own name as argv[0] and
 * returns the exit code of DESIGN section 4. */
#ifndef OV_PROGRAMS_OVERT_COMMANDS_H
#define OV_PROGRAMS_OVERT_COMMANDS_H

#define OV_EXIT_CLEAN      0
#define OV_EXIT_DETECTED   1
#define OV_EXIT_ERROR      2
#define OV_EXIT_INCOMPLETE 3

int cmd_scan(int argc, char **argv);       /* scan.c: what is in these files and folders? */
int cmd_explain(int argc, char **argv);    /* explain.c: which rule, which bytes, where */
int cmd_compile(int argc, char **argv);    /* compile.c: rule text to a database */
int cmd_rules(int argc, char **argv);      /* rules.c: what is in a database */
int cmd_bundle(int argc, char **argv);     /* bundle.c: a stretch of the log as a file */
int cmd_ledger(int argc, char **argv);     /* ledger.c: what this machine did */
int cmd_update(int argc, char **argv);     /* update.c: new rules from the log */
int cmd_prohibited(int argc, char **argv); /* prohibited.c: products of banned vendors */
int cmd_prove(int argc, char **argv);    /* prove.c: run every attack in the jail of this machine */
int cmd_clamscan(int argc, char **argv); /* clamscan.c: the command line of ClamAV's clamscan */
int cmd_yara(int argc, char **argv);     /* yara.c: the command line of yara 4.5 */
int cmd_yarac(int argc, char **argv);    /* yarac.c: the command line of yarac 4.5 */
int cmd_quarantine(int argc, char **argv);  /* quarantine.c: what was put away */
int cmd_verify_self(int argc, char **argv); /* verify_self.c: is it what the log says? */
int cmd_status(int argc, char **argv);      /* status.c: is the daemon well? */
int cmd_history(int argc, char **argv);     /* history.c: what happened on this machine? */

#endif
