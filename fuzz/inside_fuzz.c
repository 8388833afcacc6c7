/* SPDX-License-Identifier: Apache-2.0 */
/* inside_fuzz.c - each of our own parsers on arbitrary bytes, whether or not they would be detected:
 * the first byte chooses. Property: it ends, stays inside its memory, and what it gives adds up. */
#include "base/checked.h"
#include "base/limits.h"
#include "formats/container.h"

#define BYTES_MAX (4u * OV_MIB)

static const enum ov_type types[] = { OV_TYPE_MAIL, OV_TYPE_MBOX, OV_TYPE_TNEF, OV_TYPE_UUENCODE,
    OV_TYPE_BINHEX, OV_TYPE_OLE2, OV_TYPE_RTF, OV_TYPE_PDF, OV_TYPE_HTML, OV_TYPE_XML,
    OV_TYPE_SCRENC, OV_TYPE_ARJ, OV_TYPE_COMPRESS, OV_TYPE_SZDD, OV_TYPE_SIS, OV_TYPE_CHM,
    OV_TYPE_NSIS, OV_TYPE_AUTOIT, OV_TYPE_INSTALLSHIELD, OV_TYPE_EMBEDDED, OV_TYPE_EMBEDDED_DATA,
    OV_TYPE_HTML_VIEWS, OV_TYPE_TEXT_VIEWS, OV_TYPE_ONENOTE, OV_TYPE_SWF, OV_TYPE_MBR, OV_TYPE_GPT,
    OV_TYPE_APM, OV_TYPE_LZOP, OV_TYPE_XAR, OV_TYPE_ALZ, OV_TYPE_DMG, OV_TYPE_HFS, OV_TYPE_ZIP,
    OV_TYPE_UPX, OV_TYPE_APPENDED, OV_TYPE_FAT, OV_TYPE_UDF, OV_TYPE_PYINSTALLER, OV_TYPE_PYZ,
    OV_TYPE_LZ4_OLD, OV_TYPE_HWP, OV_TYPE_BEHIND, OV_TYPE_EXT, OV_TYPE_SQUASHFS, OV_TYPE_EGG,
    OV_TYPE_BASE64, OV_TYPE_ZLIB, OV_TYPE_DEFLATE, OV_TYPE_DISK, OV_TYPE_ROMFS, OV_TYPE_CRAMFS };

/* Reads one member. False: that was enough of this input. */
static bool read_member(struct ov_container *c, uint64_t *left)
{
    struct ov_trouble trouble;
    struct ov_piece piece;
    enum ov_give give;

    while ((give = ov_container_read(c, &piece, &trouble)) != OV_GIVE_END) {
        uint8_t sum = 0;

        if (give == OV_GIVE_TROUBLE) {
            OV_ASSERT(ov_reason_is_workers((uint32_t)trouble.reason));
            continue;
        }
        for (uint64_t i = 0; i < ov_bytes_len(piece.bytes); i++) {
            sum = (uint8_t)(sum ^ ov_bytes_raw(piece.bytes)[i]); /* it can be read */
        }
        (void)sum;
        /* Whoever asks counts the zeros as well: a disk may claim any number of them. */
        if (piece.zeros >= *left || ov_bytes_len(piece.bytes) >= *left - piece.zeros) {
            return false;
        }
        *left -= piece.zeros + ov_bytes_len(piece.bytes);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t left = BYTES_MAX;
    struct ov_container *c = NULL;
    struct ov_source source;
    struct ov_input input;
    struct ov_member member;
    struct ov_trouble trouble;
    enum ov_give give;

    if (size < 1) {
        return 0;
    }
    ov_source_on_bytes(&source, ov_bytes_of(data + 1, size - 1));
    ov_input_init(&input, &source, 0, size - 1);
    if (!ov_container_open(&c, types[data[0] % (sizeof(types) / sizeof(types[0]))], &input)) {
        return 0;
    }
    while ((give = ov_container_next(c, &member, &trouble)) != OV_GIVE_END) {
        if (give == OV_GIVE_TROUBLE) {
            OV_ASSERT(ov_reason_is_workers((uint32_t)trouble.reason));
            continue;
        }
        OV_ASSERT(ov_bytes_len(member.name) <= OV_NAME_BYTES_MAX && member.view < OV_VIEWS);
        if (!read_member(c, &left)) {
            break;
        }
    }
    ov_container_free(c);
    return 0;
}
