/* SPDX-License-Identifier: Apache-2.0 */
/* lex.h - YARA source text to tokens. The text is hostile: any bytes at all. */
#ifndef OV_RULES_YARA_LEX_H
#define OV_RULES_YARA_LEX_H

#include "rules/yara/reading.h"

enum ov_token_kind {
    OV_TOKEN_END,
    OV_TOKEN_BAD,   /* not a token; the error was told */
    OV_TOKEN_STRAY, /* not a token, and nothing was told */

    OV_TOKEN_NAME,        /* abc */
    OV_TOKEN_STRING,      /* $abc, or $ */
    OV_TOKEN_STRING_WILD, /* $abc*, or $* */
    OV_TOKEN_COUNT,       /* #abc, or # */
    OV_TOKEN_OFFSET,      /* @abc, or @ */
    OV_TOKEN_LENGTH,      /* !abc, or ! */
    OV_TOKEN_INTEGER,
    OV_TOKEN_REAL,
    OV_TOKEN_TEXT,
    OV_TOKEN_REGEX,
    OV_TOKEN_HEX,
    OV_TOKEN_READ, /* int8 ... uint32be */

    OV_TOKEN_BRACE_OPEN,
    OV_TOKEN_BRACE_CLOSE,
    OV_TOKEN_PAREN_OPEN,
    OV_TOKEN_PAREN_CLOSE,
    OV_TOKEN_BRACKET_OPEN,
    OV_TOKEN_BRACKET_CLOSE,
    OV_TOKEN_COLON,
    OV_TOKEN_COMMA,
    OV_TOKEN_DOT,
    OV_TOKEN_DOT_DOT,
    OV_TOKEN_ASSIGN,
    OV_TOKEN_EQ,
    OV_TOKEN_NE,
    OV_TOKEN_LT,
    OV_TOKEN_LE,
    OV_TOKEN_GT,
    OV_TOKEN_GE,
    OV_TOKEN_SHIFT_LEFT,
    OV_TOKEN_SHIFT_RIGHT,
    OV_TOKEN_PLUS,
    OV_TOKEN_MINUS,
    OV_TOKEN_STAR,
    OV_TOKEN_BACKSLASH,
    OV_TOKEN_PERCENT,
    OV_TOKEN_AMPERSAND,
    OV_TOKEN_PIPE,
    OV_TOKEN_CARET,
    OV_TOKEN_TILDE,

    OV_TOKEN_ALL,
    OV_TOKEN_AND,
    OV_TOKEN_ANY,
    OV_TOKEN_ASCII,
    OV_TOKEN_AT,
    OV_TOKEN_BASE64,
    OV_TOKEN_BASE64WIDE,
    OV_TOKEN_CONDITION,
    OV_TOKEN_CONTAINS,
    OV_TOKEN_DEFINED,
    OV_TOKEN_ENDSWITH,
    OV_TOKEN_ENTRYPOINT,
    OV_TOKEN_FALSE,
    OV_TOKEN_FILESIZE,
    OV_TOKEN_FOR,
    OV_TOKEN_FULLWORD,
    OV_TOKEN_GLOBAL,
    OV_TOKEN_ICONTAINS,
    OV_TOKEN_IENDSWITH,
    OV_TOKEN_IEQUALS,
    OV_TOKEN_IMPORT,
    OV_TOKEN_IN,
    OV_TOKEN_INCLUDE,
    OV_TOKEN_ISTARTSWITH,
    OV_TOKEN_MATCHES,
    OV_TOKEN_META,
    OV_TOKEN_NOCASE,
    OV_TOKEN_NONE,
    OV_TOKEN_NOT,
    OV_TOKEN_OF,
    OV_TOKEN_OR,
    OV_TOKEN_PRIVATE,
    OV_TOKEN_RULE,
    OV_TOKEN_STARTSWITH,
    OV_TOKEN_STRINGS,
    OV_TOKEN_THEM,
    OV_TOKEN_TRUE,
    OV_TOKEN_WIDE,
    OV_TOKEN_XOR
};

struct ov_token {
    enum ov_token_kind kind;
    uint32_t line;
    uint32_t column;
    size_t start; /* offsets in the source */
    size_t end;
    struct ov_bytes text; /* as written; TEXT, REGEX and HEX without what encloses them */
    uint32_t body_line;   /* HEX: where `text` begins */
    uint32_t body_column;
    uint32_t bad_line;  /* BAD: where it was told */
    bool has_escapes;   /* TEXT */
    uint32_t re_flags;  /* REGEX: OV_STRING_NOCASE, OV_STRING_DOT_ALL */
    int64_t integer;    /* INTEGER */
    double real;        /* REAL */
    uint8_t read_bytes; /* READ */
    bool read_signed;   /* READ */
    bool read_big;      /* READ */
};

struct ov_lexer {
    struct ov_reading *reading;
    struct ov_bytes source; /* lives as long as the rules: tokens borrow from it */
    size_t priv_pos;        /* <= length of the source, always */
    size_t priv_line_start;
    uint32_t priv_line;
};

/* Steps over a UTF-8 byte order mark. */
void ov_lexer_init(struct ov_lexer *lx, struct ov_reading *reading, struct ov_bytes source);

void ov_lex(struct ov_lexer *lx, struct ov_token *out);

/* Nothing more is read. */
void ov_lex_to_end(struct ov_lexer *lx);

/* Behind the `=` of a string: the same, but `{` begins a hex string. */
void ov_lex_value(struct ov_lexer *lx, struct ov_token *out);

/* What the token after the one just read is; tells no errors and moves nothing. */
enum ov_token_kind ov_lex_peek(const struct ov_lexer *lx);

/* The bytes of a TEXT token, escapes undone. False: out of memory. */
OV_MUST_CHECK bool ov_token_unescape(
        struct ov_reading *reading, const struct ov_token *token, struct ov_bytes *out);

/* What stands behind the sign of $a, #a, @a or !a; empty for the sign alone. */
struct ov_bytes ov_token_name(const struct ov_token *token);

/* Part of the source, which is known to be there. */
struct ov_bytes ov_lex_slice(const struct ov_lexer *lx, size_t from, size_t to);

/* As YARA calls it. */
const char *ov_token_kind_text(enum ov_token_kind kind);

#endif
