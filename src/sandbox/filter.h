/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - which system calls a jailed program may make, as a seccomp filter.
 *
 * The rows live in filter.c, one table for all profiles. Whatever no row allows or answers kills
 * the process. x86-64 only: calls of any other architecture, x32 included, kill too.
 */
#ifndef OV_SANDBOX_FILTER_H
#define OV_SANDBOX_FILTER_H

#include <linux/filter.h>

#include "sandbox/jail.h"

#define OV_FILTER_CODE_MAX 512u

struct ov_filter {
    uint16_t len;
    struct sock_filter code[OV_FILTER_CODE_MAX];
};

void ov_filter_build(struct ov_filter *filter, enum ov_jail_profile profile);

#endif
