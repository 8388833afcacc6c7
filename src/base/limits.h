/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - every bound in overt, with its unit, its reason, and how it relates to the others.
 *
 * Names ending in _DEFAULT can be set by the owner; names ending in _MAX cannot be passed.
 */
#ifndef OV_BASE_LIMITS_H
#define OV_BASE_LIMITS_H

#include <stdint.h>

#define OV_KIB (1024u)
#define OV_MIB (1024u * OV_KIB)
#define OV_GIB (1024u * (uint64_t)OV_MIB)

/* --- one scan ------------------------------------------------------------------------------- */

/* Deepest nesting seen in ordinary mail is mail > zip > docx > ole > vba: 5. Room for 4x. */
#define OV_DEPTH_DEFAULT 20u
#define OV_DEPTH_MAX     64u

/* Objects in one scan, the file itself included. A JDK has 30,000 classes in one jar. */
#define OV_OBJECTS_DEFAULT 100000u

/* Bytes examined in one scan, all levels together. */
#define OV_SCAN_BYTES_DEFAULT (4u * OV_GIB)

/* One unpacked object is held in memory; so this is also what the worker's memory is sized by. */
#define OV_OBJECT_BYTES_DEFAULT (100u * (uint64_t)OV_MIB)

/* Unpacked bytes of one container per byte of it, once more than OV_RATIO_FREE_BYTES came out.
 * Deflate cannot pass 1032; honest logs reach 200. */
#define OV_RATIO_DEFAULT    1000u
#define OV_RATIO_FREE_BYTES (16u * OV_MIB)

/* Steps of confirmation and condition code per scan (not of the filter, which is linear anyway). */
#define OV_STEPS_PER_BYTE_DEFAULT 256u
#define OV_STEPS_FLOOR            (64u * (uint64_t)OV_MIB)

/* Wall time of one scan, measured by the supervisor: 2 minutes, as clamd's MaxScanTime. */
#define OV_TIME_MS_DEFAULT 120000u

/* One name inside an archive. Longer than any Linux path. */
#define OV_NAME_BYTES_MAX (4u * OV_KIB)

/* What an engine needs to be of use: half of it holds unpacked objects. */
#define OV_ENGINE_MEMORY_MIN     (8u * OV_MIB)
#define OV_ENGINE_MEMORY_DEFAULT (512u * (uint64_t)OV_MIB)

/* --- containers ----------------------------------------------------------------------------- */

/* How much of a container is handed to a decoder at a time, and how much comes out at a time. */
#define OV_PIECE_BYTES (64u * OV_KIB)

/* A deflated member is unpacked in one go if it has no more bytes than this on either side: nearly all
 * members of archives. The rooms for it are as large as the largest of an archive so far; where there
 * is no memory for them it goes by pieces. */
#define OV_INFLATE_WHOLE_BYTES_MAX (4u * OV_MIB)

/* Memory one decoder may ask for: `xz -9` needs 65 MiB, `zstd --long=27` 128 MiB. */
#define OV_CODEC_MEMORY_MAX    (160u * OV_MIB)
#define OV_ZSTD_WINDOW_LOG_MAX 27

/* A zip's central directory lies in memory while the zip is walked: 64 MiB are a million entries. */
#define OV_ZIP_DIRECTORY_BYTES_MAX (64u * OV_MIB)

/* The end record of a zip, 22 bytes and a comment of at most 65535, is looked for this far back. */
#define OV_ZIP_TAIL_BYTES (65535u + 22u)

/* A reader that seeks may be made to read the same bytes for ever: it gets this many times the
 * container's size, and a floor for small ones. Honest images (iso9660, 7z) need less than 3. */
#define OV_REREAD_FACTOR 16u
#define OV_REREAD_FLOOR  (16u * OV_MIB)

/* Troubles one container may have before the rest of it is left: a damaged tar could go on. */
#define OV_TROUBLES_MAX 1000u

/* What our own readers of documents and programs want in one piece, and what one member that they
 * make may hold in memory before the walk takes it over. */
#define OV_WHOLE_BYTES_MAX (128u * OV_MIB)
#define OV_MADE_BYTES_MAX  (100u * OV_MIB)
_Static_assert(OV_MADE_BYTES_MAX <= OV_OBJECT_BYTES_DEFAULT, "what is made is an object");

/* Blocks of a virtual machine's disk: VHDX has the largest. Packed ones are made in memory: qcow2 has up
 * to 2 MiB. Each costs reads of two tables, so that there are no smaller ones than a sector. */
#define OV_DISK_BLOCK_BYTES_MIN  512u
#define OV_DISK_BLOCK_BYTES_MAX  (256u * OV_MIB)
#define OV_DISK_PACKED_BYTES_MAX (4u * OV_MIB)
_Static_assert(OV_DISK_PACKED_BYTES_MAX <= OV_DISK_BLOCK_BYTES_MAX, "they are blocks too");

/* --- programs that unpack themselves -------------------------------------------------------- */

/* Interpreted instructions: about ten for each byte that common packers unpack, a hundred million a
 * second. The floor is what waiting loops in front of the unpacking take. */
#define OV_EMU_STEPS_FLOOR     (16u * (uint64_t)1000000u)
#define OV_EMU_STEPS_PER_BYTE  256u
#define OV_EMU_STEPS_MAX       (300u * (uint64_t)1000000u)
#define OV_EMU_SCAN_STEPS_MAX  (3000u * (uint64_t)1000000u) /* of one scan: half a minute */
#define OV_EMU_IMAGE_BYTES_MAX (64u * OV_MIB)
#define OV_EMU_NEST_MAX        2u /* programs out of programs: one may be made to unpack itself */
#define OV_EMU_LAYERS_MAX      8u /* images of one program that are looked at */

/* --- facts about an executable -------------------------------------------------------------- */

/* One signature of a PE file. Honest ones stay below 64 KiB and 2,000 elements. */
#define OV_SIGNATURE_BYTES_MAX    (4u * OV_MIB)
#define OV_SIGNATURE_ELEMENTS_MAX 65536u
#define OV_SIGNATURES_MAX         64u  /* of one file, nested ones included */
#define OV_CERTIFICATES_MAX       256u /* of one signature */
#define OV_COUNTERSIGNATURES_MAX  32u  /* of one signature, as YARA: 16 of either kind */

/* What OpenSSL's work on them is charged as: a microsecond a step, about. */
#define OV_CERTIFICATE_STEPS 64u
#define OV_CHAIN_STEPS       8192u

/* --- the pass over one object --------------------------------------------------------------- */

/* A block is what the filter reads at a time: it stays in the second-level cache. */
#define OV_BLOCK_BYTES (256u * OV_KIB)

/* Context kept before and after a block, so that a match may cross its edge. */
#define OV_CONTEXT_BYTES (16u * OV_KIB)

/* As YARA up to 4.4: a regular expression looks at most this far from where its atom was found.
 * 4.5.4 looks 1,024 bytes far and so misses what 4.2, which Debian 12 has, still finds. */
#define OV_REGEX_REACH_BYTES 4096u
_Static_assert(OV_REGEX_REACH_BYTES * 2u <= OV_CONTEXT_BYTES, "a match fits into the context");

/* Matches kept for one string in one object, as YARA's YR_MAX_STRING_MATCHES. */
#define OV_STRING_MATCHES_MAX 1000000u

/* --- rules ---------------------------------------------------------------------------------- */

#define OV_RULE_SOURCE_BYTES_MAX (256u * OV_MIB) /* one rule file */
#define OV_RULES_MAX             4000000u        /* rules of one database, hash rules not counted */
#define OV_STRINGS_PER_RULE_MAX  10000u          /* as YARA's default */
#define OV_NEST_MAX              200u            /* parentheses in a condition or an expression */
#define OV_CONDITION_DEPTH_MAX   1000u          /* a condition as a tree: NEST_MAX, and operators */
#define OV_CONDITION_STACK_MAX   1024u          /* values its code may hold at once */
#define OV_CONDITION_CODE_MAX    (16u * OV_MIB) /* bytes of one condition's code */
#define OV_LOOP_NEST_MAX         4u             /* as YARA's YR_MAX_LOOP_NESTING */
#define OV_INCLUDE_DEPTH_MAX     16u            /* rule files inside rule files, as YARA */
#define OV_IDENTIFIER_BYTES_MAX  128u           /* as YARA */
#define OV_HASH_NAME_BYTES_MAX   255u           /* name of a hash list's entry */
#define OV_DIAGS_MAX             10000u         /* then: "and N more" */

/* A condition that has taken more steps than this waits until the others were evaluated, so that
 * one rule cannot hide what the rest would have found. */
#define OV_CONDITION_SLICE_STEPS (1u * OV_MIB)
_Static_assert(OV_CONDITION_SLICE_STEPS * 16u <= OV_STEPS_FLOOR, "several such rules fit a scan");

/* --- facts ---------------------------------------------------------------------------------- */

/* What parsers may say of one object. A DEX of 65,536 methods and as many strings needs 1.6 million
 * cells of 16 bytes; its code, which is a text, a few MiB. */
#define OV_FACT_CELLS_MAX      (4u * 1024u * 1024u)
#define OV_FACT_TEXT_BYTES_MAX (64u * (uint64_t)OV_MIB)

/* The same as text, for `overt yara -D`: what may cross the wall for one file. */
#define OV_MODULE_LINES_MAX (64u * OV_MIB)

/* What the owner's command hands over for a module: a sandbox's report, libmagic's database (8 MiB in
 * 2023). Read whole into a worker, which gets as much memory more. */
#define OV_MODULE_DATA_BYTES_MAX (256u * OV_MIB)
#define OV_CUCKOO_ENTRIES_MAX    (1u * OV_MIB)
#define OV_JSON_DEPTH_MAX        2048u /* as Jansson */
/* What libmagic is shown of an object; by itself it looks at the first 7 MiB of a file. */
#define OV_MAGIC_BYTES_MAX (16u * OV_MIB)

/* Modules that one set of rules imports: more than there are. */
#define OV_IMPORTS_MAX 16u

/* Texts that functions of conditions make for one object (digests, numbers as text). */
#define OV_CALL_TEXT_BYTES_MAX (16u * OV_MIB)

/* --- ClamAV's signatures --------------------------------------------------------------------- */

/* One line of a database: ClamAV reads 32 KiB of a logical signature, less of others. */
#define OV_CLAM_LINE_BYTES_MAX 65536u
/* Nodes of one body, and conditions of one logical signature. */
#define OV_CLAM_BODY_NODES_MAX  65536u
#define OV_CLAM_LOGIC_NODES_MAX 16384u
/* Parentheses inside parentheses, in a body (as ClamAV) and in a logical expression. */
#define OV_CLAM_NEST_MAX 15u
/* Unpacked bytes of one container of databases. */
#define OV_CLAM_CONTAINER_BYTES_MAX (2u * OV_GIB)

/* A file of detached signatures, or one certificate that they lead back to: a chain has some kB. */
#define OV_CLAM_SIGN_BYTES_MAX (256u * OV_KIB)

/* Sections of an executable that are kept: ClamAV itself stops at 96 of a PE. */
#define OV_CLAM_SECTIONS_MAX 256u

/* One Perl regular expression: ClamAV's own limits (PCREMatchLimit, PCRERecMatchLimit,
 * PCREMaxFileSize), and memory for backtracking. */
#define OV_CLAM_PCRE_MATCHES_MAX  100000u
#define OV_CLAM_PCRE_DEPTH_MAX    2000u
#define OV_CLAM_PCRE_HEAP_KIB_MAX (16u * OV_KIB)
#define OV_CLAM_PCRE_BYTES_MAX    (100u * (uint64_t)OV_MIB)
/* Compiled expressions kept between objects. */
#define OV_CLAM_PCRE_KEPT 256u

/* The imports of a program, spelled out for a digest: 16384 names of 512 bytes would be 8 MiB. */
#define OV_IMPORTS_TEXT_BYTES_MAX (16u * OV_MIB)

/* Links of a page that are judged, and how much of an address is. */
#define OV_LINKS_MAX            4096u
#define OV_LINK_BYTES_MAX       1024u
#define OV_LINKS_PAGE_BYTES_MAX (16u * OV_MIB)

/* Text in which numbers of cards and people are counted, a block at a time. */
#define OV_NUMBERS_BLOCK_BYTES (64u * OV_KIB)

/* Passwords that are tried on encrypted members. */
#define OV_PASSWORD_BYTES_MAX 255u
#define OV_PASSWORDS_MAX      1024u

/* Pictures that are decoded, for their hash: 32 million points take four times as many bytes. */
#define OV_PICTURE_BYTES_MAX  (64u * (uint64_t)OV_MIB)
#define OV_PICTURE_POINTS_MAX (32u * OV_MIB)
#define OV_PICTURE_SIDE_MAX   65535u

/* --- messages ------------------------------------------------------------------------------- */

#define OV_VERDICT_FRAME_BYTES     16u
#define OV_VERDICT_FRAMES_MAX      64u /* per file */
#define OV_EXPLAIN_FRAME_BYTES_MAX (4u * OV_KIB)
#define OV_EXPLAIN_BYTES_DEFAULT   (64u * OV_KIB) /* per file */
#define OV_EXPLAIN_MATCH_BYTES     64u            /* of the content of one match */
#define OV_EXPLAIN_RAW_MATCH_BYTES 512u           /* the same for `overt yara`, as YARA shows */
#define OV_VALUES_BYTES_MAX        (12u * OV_KIB) /* values of external variables, one request */
/* What a worker says of one file unless the request asks for more: above what the supervisor keeps
 * by default, so that it is the supervisor who says that there is more. */
#define OV_EXPLAIN_WORKER_BYTES_DEFAULT (512u * OV_KIB)
_Static_assert(OV_NAME_BYTES_MAX / 2u + 256u < OV_EXPLAIN_FRAME_BYTES_MAX, "half a name fits");

/* --- evidence of installed software ---------------------------------------------------------- */

/* One file that is read whole: SOFTWARE hives of old machines pass 150 MiB. */
#define OV_EVIDENCE_FILE_BYTES_MAX (256u * OV_MIB)
/* Bytes unpacked and read of one archive: images of whole machines. */
#define OV_EVIDENCE_BYTES_MAX (256u * OV_GIB)
/* Cells, lines, words and certificates of one request. A hive of 150 MiB has 2 million cells. */
#define OV_EVIDENCE_STEPS_MAX   (1u << 30)
#define OV_EVIDENCE_MEMBERS_MAX 8000000u
/* What one request may be answered with: the names in an image of a whole machine. */
#define OV_EVIDENCE_REPLY_BYTES_MAX (2u * OV_GIB)
/* Small files in one descriptor, handed to a worker by one request. */
#define OV_PARTS_MAX 32u
/* Files, each with its descriptor, handed to a worker by one request: as many as it may have open. */
#define OV_FILES_MAX 12u
/* Keys, words and domains asked of a file in one request. */
#define OV_QUESTIONS_BYTES_MAX (32u * OV_KIB)

/* Folders inside folders of a tree: each is an open descriptor. What is deeper is named as unread. */
#define OV_TREE_DEPTH_MAX 200u

/* --- the log -------------------------------------------------------------------------------- */

/* One signed note. A post-quantum signature line has 3.3 kB of base64: ten of them and more fit. */
#define OV_NOTE_BYTES_MAX      (64u * OV_KIB)
#define OV_NOTE_SIGNATURES_MAX 64u
#define OV_KEY_NAME_BYTES_MAX  255u

/* An offline proof: a note, at most 63 hashes of 45 bytes, and as much again for extra data. */
#define OV_PROOF_BYTES_MAX (128u * OV_KIB)
_Static_assert(OV_NOTE_BYTES_MAX + 63u * 45u + 64u <= OV_PROOF_BYTES_MAX, "any note fits");

/* One entry: its length is a 16-bit number in an entry bundle. */
#define OV_LOG_ENTRY_BYTES_MAX 65535u

/* A policy is written by hand. C2SP asks for at least 32 of each. */
#define OV_POLICY_BYTES_MAX (64u * OV_KIB)
#define OV_POLICY_LOGS_MAX  32u
#define OV_POLICY_NAMES_MAX 128u /* witnesses and groups together */

/* What an entry may be called and how many hashes one may list: DESIGN section 11. */
#define OV_ENTRY_NAME_BYTES_MAX 128u
#define OV_ENTRY_HASH_LINES_MAX 800u

/* Release keys of one keyset. Five are proposed; notes have room for all of these. */
#define OV_RELEASE_KEYS_MAX 16u
_Static_assert(OV_RELEASE_KEYS_MAX < OV_NOTE_SIGNATURES_MAX, "every key may sign");

/* One record of the ledger: a scan's findings, cut with a count of the rest. */
#define OV_LEDGER_RECORD_BYTES_MAX (1u * OV_MIB)

/* Files that `overt scan` remembers as CLEAN: 40 bytes each on the disk, twice 56 in memory. */
#define OV_SEEN_ENTRIES_MAX (4u * OV_MIB)

/* One day-pack, and all that is fetched for one update unless the owner says otherwise. */
#define OV_PACK_BYTES_MAX   (64u * OV_MIB)
#define OV_UPDATE_BYTES_MAX (4u * OV_GIB)
#define OV_PACKS_MAX        20000u        /* of one log: more than fifty years of days */
#define OV_INDEX_BYTES_MAX  (2u * OV_MIB) /* the list of them */
_Static_assert(OV_PACKS_MAX * 100u <= OV_INDEX_BYTES_MAX, "a line of each fits");

/* Entries of one log that a client keeps: each needs 40 bytes at a replay. */
#define OV_LOG_ENTRIES_MAX (16u * OV_MIB)

#endif
