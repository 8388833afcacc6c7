/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/yara/words.h"

#include <string.h>

struct keyword {
    const char *text;
    size_t len;
    enum ov_token_kind kind;
};

#define WORD(word, token)                                        \
    {                                                            \
        .text = (word), .len = sizeof(word) - 1, .kind = (token) \
    }

static const struct keyword keywords[] = {
    WORD("all", OV_TOKEN_ALL),
    WORD("and", OV_TOKEN_AND),
    WORD("any", OV_TOKEN_ANY),
    WORD("ascii", OV_TOKEN_ASCII),
    WORD("at", OV_TOKEN_AT),
    WORD("base64", OV_TOKEN_BASE64),
    WORD("base64wide", OV_TOKEN_BASE64WIDE),
    WORD("condition", OV_TOKEN_CONDITION),
    WORD("contains", OV_TOKEN_CONTAINS),
    WORD("defined", OV_TOKEN_DEFINED),
    WORD("endswith", OV_TOKEN_ENDSWITH),
    WORD("entrypoint", OV_TOKEN_ENTRYPOINT),
    WORD("false", OV_TOKEN_FALSE),
    WORD("filesize", OV_TOKEN_FILESIZE),
    WORD("for", OV_TOKEN_FOR),
    WORD("fullword", OV_TOKEN_FULLWORD),
    WORD("global", OV_TOKEN_GLOBAL),
    WORD("icontains", OV_TOKEN_ICONTAINS),
    WORD("iendswith", OV_TOKEN_IENDSWITH),
    WORD("iequals", OV_TOKEN_IEQUALS),
    WORD("import", OV_TOKEN_IMPORT),
    WORD("in", OV_TOKEN_IN),
    WORD("include", OV_TOKEN_INCLUDE),
    WORD("istartswith", OV_TOKEN_ISTARTSWITH),
    WORD("matches", OV_TOKEN_MATCHES),
    WORD("meta", OV_TOKEN_META),
    WORD("nocase", OV_TOKEN_NOCASE),
    WORD("none", OV_TOKEN_NONE),
    WORD("not", OV_TOKEN_NOT),
    WORD("of", OV_TOKEN_OF),
    WORD("or", OV_TOKEN_OR),
    WORD("private", OV_TOKEN_PRIVATE),
    WORD("rule", OV_TOKEN_RULE),
    WORD("startswith", OV_TOKEN_STARTSWITH),
    WORD("strings", OV_TOKEN_STRINGS),
    WORD("them", OV_TOKEN_THEM),
    WORD("true", OV_TOKEN_TRUE),
    WORD("wide", OV_TOKEN_WIDE),
    WORD("xor", OV_TOKEN_XOR),
};

/* int8 ... uint32be */
static void look_up_read(struct ov_token *out)
{
    static const char *const reads[] = { "int8", "int16", "int32", "int8be", "int16be", "int32be",
        "uint8", "uint16", "uint32", "uint8be", "uint16be", "uint32be" };
    const uint8_t first = ov_bytes_raw(out->text)[0];

    if (first != 'i' && first != 'u') {
        return;
    }
    for (unsigned i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        if (ov_bytes_equal(out->text, reads[i], strlen(reads[i]))) {
            out->kind = OV_TOKEN_READ;
            out->read_bytes = (uint8_t)(1u << i % 3);
            out->read_big = i % 6 >= 3;
            out->read_signed = i < 6;
            return;
        }
    }
}

void ov_word_look_up(struct ov_token *token)
{
    token->kind = OV_TOKEN_NAME;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (ov_bytes_equal(token->text, keywords[i].text, keywords[i].len)) {
            token->kind = keywords[i].kind;
            return;
        }
    }
    look_up_read(token);
}
