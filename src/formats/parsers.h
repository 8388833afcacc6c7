/* SPDX-License-Identifier: Apache-2.0 */
/* parsers.h - the parsers there are, one a file. For src/formats alone. */
#ifndef OV_FORMATS_PARSERS_H
#define OV_FORMATS_PARSERS_H

#include "formats/parser.h"

extern const struct ov_parser_ops ov_parser_arj;
extern const struct ov_parser_ops ov_parser_autoit;
extern const struct ov_parser_ops ov_parser_base64;
extern const struct ov_parser_ops ov_parser_binhex;
extern const struct ov_parser_ops ov_parser_chm;
extern const struct ov_parser_ops ov_parser_compress;
extern const struct ov_parser_ops ov_parser_embedded;
extern const struct ov_parser_ops ov_parser_installshield;
extern const struct ov_parser_ops ov_parser_mail;
extern const struct ov_parser_ops ov_parser_mbox;
extern const struct ov_parser_ops ov_parser_nsis;
extern const struct ov_parser_ops ov_parser_ole;
extern const struct ov_parser_ops ov_parser_packed;
extern const struct ov_parser_ops ov_parser_page;
extern const struct ov_parser_ops ov_parser_pdf;
extern const struct ov_parser_ops ov_parser_rtf;
extern const struct ov_parser_ops ov_parser_screnc;
extern const struct ov_parser_ops ov_parser_sis;
extern const struct ov_parser_ops ov_parser_szdd;
extern const struct ov_parser_ops ov_parser_tnef;
extern const struct ov_parser_ops ov_parser_uuencode;
extern const struct ov_parser_ops ov_parser_views;

extern const struct ov_parser_ops ov_parser_alz;
extern const struct ov_parser_ops ov_parser_disk;
extern const struct ov_parser_ops ov_parser_dmg;
extern const struct ov_parser_ops ov_parser_egg;
extern const struct ov_parser_ops ov_parser_fat;
extern const struct ov_parser_ops ov_parser_ext;
extern const struct ov_parser_ops ov_parser_romfs;
extern const struct ov_parser_ops ov_parser_cramfs;
extern const struct ov_parser_ops ov_parser_hfs;
extern const struct ov_parser_ops ov_parser_lzop;
extern const struct ov_parser_ops ov_parser_hwp;
extern const struct ov_parser_ops ov_parser_lz4_old;
extern const struct ov_parser_ops ov_parser_onenote;
extern const struct ov_parser_ops ov_parser_pyinstaller;
extern const struct ov_parser_ops ov_parser_pyz;
extern const struct ov_parser_ops ov_parser_partitions;
extern const struct ov_parser_ops ov_parser_squashfs;
extern const struct ov_parser_ops ov_parser_swf;
extern const struct ov_parser_ops ov_parser_xar;

extern const struct ov_parser_ops ov_parser_udf;
extern const struct ov_parser_ops ov_parser_upx;
/* base64_runs.c: is this a text with a word for decoding it? */
bool ov_base64_is_spoken_of(struct ov_bytes head);
/* upx.c: is this ELF packed by UPX? */
bool ov_upx_begins(struct ov_bytes head);
/* partitions.c: does an image of `size` bytes begin with a table of partitions? */
bool ov_mbr_is_table(struct ov_bytes head, uint64_t size);
/* ext.c: does an ext2, ext3 or ext4 begin here? */
bool ov_ext_begins(struct ov_bytes head);
/* fat.c: does a FAT file system begin here? */
bool ov_fat_begins(struct ov_bytes head);
/* pyinstaller.c: does this program hold what PyInstaller appends? */
bool ov_pyinstaller_is_in(struct ov_source *source);
/* udf.c: is there a UDF file system on this image? */
bool ov_udf_is_on(struct ov_source *source);
/* lzop.c: LZO1X. */
bool ov_unpack_lzo(struct ov_buf *out, struct ov_bytes in);
/* installshield.c: does what InstallShield appends begin here? */
bool ov_installshield_begins(struct ov_bytes head);

#endif
