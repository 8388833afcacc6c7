/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/lint/text.h"

#include <string.h>

#include "base/limits.h"

/* Words that stand in programs and not in letters. A rule that needs one of them asks for program
 * text. The list is closed and in public; lower case, as bytes are folded before they are compared. */
static const char *const code_words[] = { "<?php", "<?=", "<%@", "<%=", "#!/", "eval(",
    "base64_decode(", "gzinflate(", "str_rot13(", "system(", "shell_exec(", "passthru(", "assert(",
    "$_get[", "$_post[", "$_request[", "$_server[", "$_cookie[", "request.form", "request[\"",
    "createobject(", "wscript.", "powershell", "-encodedcommand", "frombase64string",
    "downloadstring(", "invoke-expression", "new-object ", "cmd.exe", "/bin/sh", "/bin/bash",
    "/dev/tcp/", "/proc/self", "/etc/cron", "chmod +x", "chmod 777", "curl -", "wget -",
    "socket.socket(", "subprocess.", "os.system(", "exec(", "getruntime().exec", "auto_open",
    "autoopen", "document_open", "workbook_open", "sub main(", "kernel32", "ntdll", "advapi32",
    "virtualalloc", "createremotethread", "writeprocessmemory", "loadlibrary", "getprocaddress",
    "software\\microsoft\\windows\\currentversion\\run", "mimikatz", "sekurlsa::", "__vba",
    "mscoree", "pt_deny_attach", "ptrace", "ld_preload", "stratum+tcp://", "vssadmin", "bcdedit",
    "wevtutil", "schtasks", "rundll32", "regsvr32" };

#define RUN_BYTES 64u /* of the last known bytes: longer than any word above */

struct walk {
    uint8_t run[RUN_BYTES]; /* folded */
    size_t run_len;
    uint8_t before; /* the byte before, if it is known */
    bool has_before;
    unsigned more; /* continuation bytes that UTF-8 still wants */
    bool has_code;
    unsigned depth;
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static void look_for_code(struct walk *w)
{
    for (size_t i = 0; i < sizeof(code_words) / sizeof(code_words[0]); i++) {
        const size_t len = strlen(code_words[i]);

        if (w->run_len >= len && memcmp(w->run + w->run_len - len, code_words[i], len) == 0) {
            w->has_code = true;
        }
    }
}

static void end_run(struct walk *w)
{
    w->run_len = 0;
    w->has_before = false;
    w->more = 0;
}

/* The next byte, known. False: no text has it here. */
static bool step(struct walk *w, uint8_t c)
{
    const bool after_ascii = w->has_before && w->before >= 0x20 && w->before < 0x7f;
    bool text = (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\r' || c == '\n';

    if (c >= 0xc0) { /* a letter of an 8-bit code, or the lead of a sequence */
        w->more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        text = true;
    } else if (c >= 0x80) {
        text = w->more > 0;
        w->more -= w->more > 0;
    } else {
        w->more = 0;
    }
    /* UTF-16: Latin letters have a zero behind or before them, Cyrillic ones a 4. */
    if ((c == 0 && (after_ascii || !w->has_before)) || (c == 4 && w->has_before)) {
        text = true;
    }
    if (c != 0) { /* so that words are found in UTF-16, too */
        if (w->run_len == RUN_BYTES) {
            memmove(w->run, w->run + 1, RUN_BYTES - 1);
            w->run_len--;
        }
        w->run[w->run_len++] = fold(c);
        look_for_code(w);
    }
    w->before = c;
    w->has_before = true;
    return text;
}

static bool set_has_text(const struct ov_re *re)
{
    for (unsigned c = 0x20; c < 0x100; c++) {
        const bool in = (re->set->bits[c / 64] >> (c % 64) & 1) != 0;

        if (in != re->negate && c != 0x7f) {
            return true;
        }
    }
    return false;
}

static bool masked_has_text(const struct ov_re *re)
{
    for (unsigned c = 0x20; c < 0x100; c++) {
        if ((((c & re->mask) == re->value) != re->negate) && c != 0x7f) {
            return true;
        }
    }
    return false;
}

/* Could a match of this part be text? The depth is that of the parser, OV_NEST_MAX; what would go
 * deeper could be. */
static bool walk_re(struct walk *w, const struct ov_re *re)
{
    bool any = false, all = true, code = true;

    if (w->depth > OV_NEST_MAX + 8u) {
        return true;
    }
    switch (re->kind) {
    case OV_RE_BYTE:
        if (re->mask == 0xff && !re->negate) {
            return step(w, re->value);
        }
        end_run(w);
        return masked_has_text(re);
    case OV_RE_CLASS:
        end_run(w);
        return set_has_text(re);
    case OV_RE_ANY:
        end_run(w);
        return true;
    case OV_RE_CONCAT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            w->depth++;
            all = walk_re(w, child) && all;
            w->depth--;
        }
        return all;
    case OV_RE_ALT: /* code only if every alternative has some */
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            struct walk inner = { .depth = w->depth + 1 };

            any = walk_re(&inner, child) || any;
            code = code && inner.has_code;
        }
        w->has_code = w->has_code || code;
        end_run(w);
        return any;
    case OV_RE_REPEAT:
        if (re->min == 0) {
            end_run(w);
            return true;
        }
        w->depth++;
        all = walk_re(w, re->children);
        w->depth--;
        end_run(w);
        return all;
    case OV_RE_EMPTY:
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        break;
    }
    return true;
}

static bool walk_bytes(struct walk *w, struct ov_bytes bytes)
{
    bool text = true;

    for (uint64_t i = 0; i < ov_bytes_len(bytes); i++) {
        text = step(w, ov_bytes_raw(bytes)[i]) && text;
    }
    return text;
}

bool ov_lint_bytes_may_be_text(struct ov_bytes bytes)
{
    struct walk w = { .run_len = 0 };

    return walk_bytes(&w, bytes);
}

bool ov_lint_string_may_be_text(const struct ov_string *string)
{
    struct walk w = { .run_len = 0 };
    const bool text = string->kind == OV_STRING_TEXT
                              ? walk_bytes(&w, string->text)
                              : string->re == NULL || walk_re(&w, string->re);

    return text && !w.has_code;
}

bool ov_lint_is_document_magic(const uint8_t *bytes, unsigned count)
{
    static const uint8_t magics[][4] = { { '%', 'P', 'D', 'F' }, { 'P', 'K', 3, 4 },
        { 0xd0, 0xcf, 0x11, 0xe0 }, { '{', '\\', 'r', 't' } };

    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (memcmp(bytes, magics[i], count) == 0) {
            return true;
        }
    }
    return false;
}
