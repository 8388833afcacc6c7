/* SPDX-License-Identifier: Apache-2.0 */
/* parsers.c - which parser reads which type. */
#include "formats/parsers.h"

static const struct ov_parser_ops *const parsers[OV_TYPE_COUNT] = {
    [OV_TYPE_ARJ] = &ov_parser_arj,
    [OV_TYPE_BINHEX] = &ov_parser_binhex,
    [OV_TYPE_COMPRESS] = &ov_parser_compress,
    [OV_TYPE_MAIL] = &ov_parser_mail,
    [OV_TYPE_MBOX] = &ov_parser_mbox,
    [OV_TYPE_AUTOIT] = &ov_parser_autoit,
    [OV_TYPE_CHM] = &ov_parser_chm,
    [OV_TYPE_INSTALLSHIELD] = &ov_parser_installshield,
    [OV_TYPE_NSIS] = &ov_parser_nsis,
    [OV_TYPE_ALZ] = &ov_parser_alz,
    [OV_TYPE_DISK] = &ov_parser_disk,
    [OV_TYPE_DMG] = &ov_parser_dmg,
    [OV_TYPE_EGG] = &ov_parser_egg,
    [OV_TYPE_FAT] = &ov_parser_fat,
    [OV_TYPE_SQUASHFS] = &ov_parser_squashfs,
    [OV_TYPE_EXT] = &ov_parser_ext,
    [OV_TYPE_HFS] = &ov_parser_hfs,
    [OV_TYPE_LZOP] = &ov_parser_lzop,
    [OV_TYPE_HWP] = &ov_parser_hwp,
    [OV_TYPE_LZ4_OLD] = &ov_parser_lz4_old,
    [OV_TYPE_PYINSTALLER] = &ov_parser_pyinstaller,
    [OV_TYPE_PYZ] = &ov_parser_pyz,
    [OV_TYPE_ONENOTE] = &ov_parser_onenote,
    [OV_TYPE_MBR] = &ov_parser_partitions,
    [OV_TYPE_GPT] = &ov_parser_partitions,
    [OV_TYPE_APM] = &ov_parser_partitions,
    [OV_TYPE_SWF] = &ov_parser_swf,
    [OV_TYPE_XAR] = &ov_parser_xar,
    [OV_TYPE_UDF] = &ov_parser_udf,
    [OV_TYPE_UPX] = &ov_parser_upx,
    [OV_TYPE_HTML_VIEWS] = &ov_parser_views,
    [OV_TYPE_TEXT_VIEWS] = &ov_parser_views,
    [OV_TYPE_EMBEDDED] = &ov_parser_embedded,
    [OV_TYPE_EMBEDDED_DATA] = &ov_parser_embedded,
    [OV_TYPE_APPENDED] = &ov_parser_embedded,
    [OV_TYPE_BEHIND] = &ov_parser_embedded,
    [OV_TYPE_HTML] = &ov_parser_page,
    [OV_TYPE_OLE2] = &ov_parser_ole,
    [OV_TYPE_PACKED] = &ov_parser_packed,
    [OV_TYPE_PDF] = &ov_parser_pdf,
    [OV_TYPE_RTF] = &ov_parser_rtf,
    [OV_TYPE_BASE64] = &ov_parser_base64,
    [OV_TYPE_SCRENC] = &ov_parser_screnc,
    [OV_TYPE_XML] = &ov_parser_page,
    [OV_TYPE_SIS] = &ov_parser_sis,
    [OV_TYPE_SZDD] = &ov_parser_szdd,
    [OV_TYPE_TNEF] = &ov_parser_tnef,
    [OV_TYPE_UUENCODE] = &ov_parser_uuencode,
};

const struct ov_parser_ops *ov_parser_ops_of(enum ov_type type)
{
    return parsers[type];
}
