/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - what the files of this room share. Not for other rooms. */
#ifndef OV_RULES_CLAMAV_READER_H
#define OV_RULES_CLAMAV_READER_H

#include "base/limits.h"
#include "db/lists.h"
#include "rules/clamav/clamav.h"

/* --- lines (lines.c) ------------------------------------------------------------------------- */

#define FIELDS_MAX 80u

/* One line on its way in. */
struct line {
    struct ov_clamav *clam;
    struct ov_bytes file; /* in the arena */
    struct ov_bytes text; /* in the arena */
    uint32_t number;
    bool official; /* it came signed: names stay as they are */
    bool member;   /* it came inside a container */
    struct ov_bytes fields[FIELDS_MAX];
    size_t field_count;
    struct ov_bytes name; /* of the signature, once known; for messages */
    bool told;            /* refused or skipped, and counted */
};

typedef void (*line_fn)(struct line *line);

/* Calls `fn` for each line that is neither empty nor a comment. False: no memory. */
bool clam_lines(struct ov_clamav *clam, struct ov_bytes file, struct ov_bytes text, bool official,
        line_fn fn);

/* The line is not loaded, for this reason. Always false, so that refusing is one line. */
bool refuse(struct line *line, const char *fmt, ...) OV_PRINTF(2, 3);
/* It is not meant for us, and nobody need know. Always false. */
bool skip(struct line *line);
/* Memory ran out. */
bool no_memory(struct line *line);

/* Cuts the text at each `separator`; more than FIELDS_MAX: refused. */
bool split(struct line *line, char separator);
/* The same, but no `;` between two slashes of a regular expression behind the first `plain`
 * fields counts. */
bool split_logical(struct line *line, size_t plain);

/* --- small texts ------------------------------------------------------------------------------ */

struct ov_bytes part(struct ov_bytes b, uint64_t from, uint64_t to);
/* Where `c` is, or the length. */
uint64_t find_byte(struct ov_bytes b, char c);
bool is_text(struct ov_bytes b, const char *text);
bool begins(struct ov_bytes b, const char *text);
bool ends(struct ov_bytes b, const char *text); /* in either case of letters */
int hex_digit(uint8_t c);
/* Decimal digits alone, no more than `max`. */
bool read_number(struct ov_bytes b, uint64_t max, uint64_t *out);
/* Hexadecimal digits, an even number of them, into `out` of half as many bytes. */
bool read_hex(struct ov_bytes b, uint8_t *out);
/* The same into the arena. */
bool read_hex_copy(struct line *line, struct ov_bytes b, struct ov_bytes *out);

/* --- what many lines have --------------------------------------------------------------------- */

/* fields[at], fields[at + 1]: MinFL and MaxFL, where there are any. False: not for this level
 * (skipped) or no numbers (refused). */
bool check_levels(struct line *line, size_t at);
/* `min-max` in one field. */
bool read_range(struct ov_bytes b, uint64_t *min, uint64_t *max);
/* Sets line->name and *shown, the name as it is reported. False: skipped (ignored, unwanted). */
bool take_name(struct line *line, struct ov_bytes raw, bool pua, struct ov_bytes *shown);
/* The same, but a name that is made up lies in `room`. */
#define NAME_SUFFIX          ".UNOFFICIAL"
#define SHOWN_NAME_BYTES_MAX (OV_HASH_NAME_BYTES_MAX + sizeof(NAME_SUFFIX))
bool take_name_into(struct line *line, struct ov_bytes raw, bool pua,
        uint8_t room[SHOWN_NAME_BYTES_MAX], struct ov_bytes *shown);

/* --- trees (tree.c). NULL: no memory, noted ---------------------------------------------------- */

struct ov_re *re_new(struct line *line, enum ov_re_kind kind);
struct re_list {
    struct ov_re *first;
    struct ov_re *last;
    size_t count;
};
void re_add(struct re_list *list, struct ov_re *node);
struct ov_re *re_close(struct line *line, const struct re_list *list, enum ov_re_kind kind);
struct ov_re *re_any(struct line *line, uint32_t min, uint32_t max);
struct ov_re *re_class(struct line *line, const struct ov_re_set *set);

struct ov_expr *ex_new(struct line *line, enum ov_expr_kind kind, enum ov_type type);
struct ov_expr *ex_int(struct line *line, int64_t value);
struct ov_expr *ex_two(
        struct line *line, enum ov_expr_kind kind, struct ov_expr *a, struct ov_expr *b);
struct ov_expr *ex_not(struct line *line, struct ov_expr *a);
/* AND or OR of `count` parts; one part is itself. */
struct ov_expr *ex_list(
        struct line *line, enum ov_expr_kind kind, struct ov_expr **parts, size_t count);
/* The sum of `count` numbers. */
struct ov_expr *ex_sum(struct line *line, struct ov_expr **parts, size_t count);
struct ov_expr *ex_object(struct line *line, enum ov_object_fact fact, uint32_t argument);
struct ov_expr *ex_string(
        struct line *line, enum ov_expr_kind kind, enum ov_type type, uint32_t string);
struct ov_expr *ex_within(struct line *line, struct ov_expr *value, uint64_t min, uint64_t max);
/* pcre.c: how many matches of the expression there are from `start` on; flags: OV_CLAM_PCRE_*. NULL:
 * refused, or no memory. */
struct ov_expr *ex_pcre(struct line *line, uint32_t flags, uint64_t shift,
        struct ov_bytes expression, struct ov_expr *start);

/* --- bodies (body.c, body_alt.c) --------------------------------------------------------------- */

#define BODY_NOCASE   0x1u
#define BODY_FULLWORD 0x2u
#define BODY_WIDE     0x4u /* a zero behind every byte */

/* HexSig to a tree; NULL: refused. */
struct ov_re *body_read(struct line *line, struct ov_bytes text, unsigned flags);

struct body {
    struct line *line;
    struct ov_bytes text;
    uint64_t at;
    unsigned flags;
    unsigned nodes;
    bool failed;
};
/* `(` at text[at]: an alternative, negated or not; or a class inside the body. */
struct ov_re *body_alternative(struct body *body, bool negated, unsigned depth);
bool body_byte(struct body *body, struct ov_bytes digits, struct re_list *list);
void body_wrong(struct body *body, const char *why);

/* --- offsets (offset.c) ------------------------------------------------------------------------ */

enum place_kind {
    PLACE_ANY = 0,
    PLACE_ABSOLUTE,
    PLACE_END,     /* value bytes before the end */
    PLACE_ENTRY,   /* entry point + value */
    PLACE_SECTION, /* section + value */
    PLACE_LAST,    /* last section + value */
    PLACE_WITHIN,  /* anywhere in a section */
    PLACE_VERSION, /* a key of the version information */
    PLACE_GROUP    /* member of macro group `value` */
};

struct place {
    enum place_kind kind;
    int64_t value;
    uint32_t section;
    uint64_t shift; /* it may begin up to so many bytes later */
    uint64_t back;  /* its string begins so many bytes before the place */
};

/* False: refused. `target`: of the signature. */
bool place_read(
        struct line *line, struct ov_bytes text, enum ov_clam_target target, struct place *out);
/* The first offset that counts. Not for PLACE_ANY. */
struct ov_expr *place_from(struct line *line, const struct place *place);
/* Was the string found there, and how often? */
struct ov_expr *place_found(struct line *line, const struct place *place, uint32_t string);
struct ov_expr *place_count(struct line *line, const struct place *place, uint32_t string);

/* --- kinds of lines ---------------------------------------------------------------------------- */

bool target_read(struct line *line, struct ov_bytes text, enum ov_clam_target *out);
/* A rule with room for `strings`; its name, file and source set. NULL: no memory. */
struct ov_rule *rule_new(struct line *line, struct ov_bytes shown, uint32_t strings);
void rule_set_string(
        struct line *line, struct ov_rule *rule, uint32_t index, const struct ov_re *re);

void line_ndb(struct line *line);
void line_ndu(struct line *line);
void line_db(struct line *line);
void line_ldb(struct line *line);
void line_ldu(struct line *line);
void line_hash(struct line *line);
void line_hash_pua(struct line *line);
void line_section_hash(struct line *line);
void line_section_hash_pua(struct line *line);
void line_crb(struct line *line);
void line_cfg(struct line *line);
void line_ftm(struct line *line);
void line_pwdb(struct line *line);
void line_pdb(struct line *line);
void line_wdb(struct line *line);
void line_import_hash(struct line *line);
void line_cdb(struct line *line);
void line_zmd(struct line *line);
void line_rmd(struct line *line);
void line_trust(struct line *line);
void line_ignore(struct line *line);
void line_ignore2(struct line *line);

/* ldb.c and its helpers */
#define SUBSIGS_MAX         64u
#define LOGICAL_STRINGS_MAX 256u /* two a body, and members of groups of macros */

struct subsig {
    struct ov_expr *found;
    struct ov_expr *count;
    struct ov_expr *last; /* where its last match begins; NULL: it has none */
    uint32_t bodies[2];   /* its strings, if it is a body that may be anywhere */
    uint32_t body_count;
};

struct logical {
    struct line *line;
    struct ov_rule *rule;
    enum ov_clam_target target;
    struct subsig subs[SUBSIGS_MAX];
    uint32_t sub_count;
    uint32_t string_count; /* used so far */
    struct ov_string strings[LOGICAL_STRINGS_MAX];
};

/* tdb.c: conditions on the object itself, appended to parts[]. False: refused or skipped. */
#define TDB_PARTS_MAX 40u
bool tdb_read(struct logical *logical, struct ov_bytes text, struct ov_expr **parts, size_t *count);

/* logic.c: the highest index an expression names; false: refused. */
bool logic_highest(struct line *line, struct ov_bytes text, uint32_t *out);
struct ov_expr *logic_read(struct logical *logical, struct ov_bytes text);

/* subsig.c: reads subsignature `index`. */
bool subsig_read(struct logical *logical, struct ov_bytes text, uint32_t index);

/* macro.c: how many matches of a string begin at a string of the version information. */
struct ov_expr *count_at_versions(struct line *line, uint32_t string);

/* macro.c */
/* A member of a group; a subsignature that speaks of one. */
void macro_member(
        struct line *line, enum ov_clam_target target, uint32_t group, struct ov_bytes body);
bool macro_read(struct logical *logical, struct ov_bytes text, uint32_t index, struct subsig *sub);
/* The line speaks of groups, and is read when all files are. */
bool macro_waits(struct line *line, bool pua);

/* pcre.c: an ov_clam_pcre of an expression that PCRE2 takes. */
bool pcre_keep(struct line *line, uint32_t flags, uint64_t shift, struct ov_bytes expression,
        struct ov_bytes *out);
/* heuristics.c: `what` is a word of ov_clamav_options; `least`: from how many on. */
bool clam_alert(struct ov_clamav *clam, struct ov_bytes what, uint64_t least);
bool clam_setting(struct ov_clamav *clam, enum ov_setting what, uint64_t value);
/* lists.c: an item of the database's lists; no memory is noted. */
bool list_add(struct line *line, enum ov_list_kind kind, const void *head, size_t head_bytes,
        struct ov_bytes rest);
/* OpenIOC: the digests in it. */
bool clam_indicators(
        struct ov_clamav *clam, struct ov_bytes file, struct ov_bytes text, bool official);
/* hashes.c: one digest of a whole object of whatever size. */
void hash_of_any_size(struct line *line, struct ov_bytes digest, struct ov_bytes name);

/* container.c */
bool clam_container(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes bytes);
/* clamav.c: one file by its name. */
bool clam_file(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text, bool official);

#endif
