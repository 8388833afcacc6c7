/* SPDX-License-Identifier: Apache-2.0 */
/* detached.h - what goes with a container of ClamAV's to the compiler: the file of its signatures, and
 * the certificates that their signers are led back to. */
#ifndef OV_PROGRAMS_OVERT_DETACHED_H
#define OV_PROGRAMS_OVERT_DETACHED_H

#include "base/buf.h"
#include "base/error.h"

/* Puts the certificates of a folder's .pem and .crt files into `options`, as lines that the compiler
 * takes. `folder` NULL: the one that CVD_CERTS_DIR names, or ClamAV 1.5's, which need not be there. */
OV_MUST_CHECK overt_status ov_detached_certificates(
        const char *folder, struct ov_buf *options, overt_error *err);

/* Opens the file of signatures beside this container. -1: errno says why; ENOENT too if it is no .cvd.
 * Gives the path, or NULL; free it. */
int ov_detached_open(const char *container, int fd, char **path);

/* A number in the header of a container, whose fields are cut by colons. 0: there is none. */
#define OV_CVD_VERSION 2u
#define OV_CVD_MADE    8u /* seconds since 1970 */
unsigned long long ov_cvd_number(int fd, unsigned field);

#endif
