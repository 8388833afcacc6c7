/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OV_PROGRAMS_VERIFY_VERIFY_H
#define OV_PROGRAMS_VERIFY_VERIFY_H

#include <stdbool.h>

/* jailed.c: born in the jail; answers requests until the channel closes. */
_Noreturn void verify_in_jail(void);

/* shut.c: to be called before anything large is allocated. */
bool shut_prepare(void);
/* From here on this process can write to standard output and error, and leave. False: it
 * could not be shut in, and must not go on. */
bool shut_in(void);
_Noreturn void leave(int code);

#endif
