/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OV_PROGRAMS_VERIFY_VERIFY_H
#define OV_PROGRAMS_VERIFY_VERIFY_H

/* jailed.c: born in the jail; answers requests until the channel closes. */
_Noreturn void verify_in_jail(void);

#endif
