/* SPDX-License-Identifier: Apache-2.0 */
/* ole_native.h - what OLE documents carry inside: packages (a file that was dropped into a document)
 * and the compressed sources of Visual Basic ([MS-OVBA]). */
#ifndef OV_FORMATS_OLE_NATIVE_H
#define OV_FORMATS_OLE_NATIVE_H

#include "base/buf.h"

/* The file in a package, from its flags (behind the size of \1Ole10Native). False: it is none. */
OV_MUST_CHECK bool ov_ole_package(
        struct ov_bytes in, struct ov_bytes *name, struct ov_bytes *data, bool *cut);

/* [MS-OVBA] 2.4.1: a compressed container. False: damaged; what came out until then is kept. */
bool ov_vba_unpack(struct ov_buf *out, struct ov_bytes in);

/* Where the source of the module whose stream is called `stream` begins in it, by the unpacked "dir"
 * stream. `stream` is in bytes of the project's code page. UINT64_MAX: not told. */
uint64_t ov_vba_source_at(struct ov_bytes dir, struct ov_bytes stream);
/* The same guessed from the stream alone: where "Attribute" begins in a container. */
uint64_t ov_vba_source_guess(struct ov_bytes stream);

#endif
