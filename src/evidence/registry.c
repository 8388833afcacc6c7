/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - what is told of a hive: the keys that were asked for, and of whatever hive it is:
 * programs with an uninstaller, services, certificates in trust stores. */
#include <stdio.h>
#include <string.h>

#include "evidence/hive.h"
#include "evidence/readers.h"

#define PART_BYTES_MAX 512u

struct registry {
    struct ov_evidence *e;
    struct ov_hive hive;
    struct ov_hive_key root;
    struct ov_hive_key control; /* SYSTEM: the current control set */
    bool has_control;
};

/* A string value's text, or nothing; its NUL behind it either way. */
static void put_value(
        struct registry *g, const struct ov_hive_key *key, const char *name, struct ov_buf *parts)
{
    struct ov_hive_value value;
    struct ov_buf text;

    ov_buf_init(&text, 1u << 16);
    if (ov_hive_value_find(g->e, &g->hive, key, name, &value)
            && (value.type == OV_REG_SZ || value.type == OV_REG_EXPAND_SZ)) {
        struct ov_bytes data = value.data;

        if (ov_bytes_len(data) > PART_BYTES_MAX * 2
                && !ov_bytes_slice(data, 0, PART_BYTES_MAX * 2, &data)) {
            data = value.data;
        }
        ov_utf16_put(&text, data);
    }
    ov_parts_add(parts, ov_buf_bytes(&text));
    ov_buf_done(&text);
}

static uint32_t dword_value(
        struct registry *g, const struct ov_hive_key *key, const char *name, uint32_t without)
{
    struct ov_hive_value value;
    struct ov_reader r;
    uint32_t number;

    if (!ov_hive_value_find(g->e, &g->hive, key, name, &value) || value.type != OV_REG_DWORD) {
        return without;
    }
    r = ov_reader_on(value.data);
    return ov_read_u32le(&r, &number) ? number : without;
}

static bool find(struct registry *g, const struct ov_hive_key *from, const char *path,
        struct ov_hive_key *out)
{
    return ov_hive_find(g->e, &g->hive, from, ov_text_lit(path), out);
}

/* --- the keys that were asked for ----------------------------------------------------------- */

static void answer(struct registry *g, struct ov_bytes question)
{
    static const char current[] = "CurrentControlSet\\";
    const bool in_control = ov_text_begins(question, current);
    const struct ov_bytes path =
            in_control ? ov_text_behind(question, sizeof(current) - 1) : question;
    struct ov_hive_key key;

    if (in_control && !g->has_control) {
        return;
    }
    if (ov_hive_find(g->e, &g->hive, in_control ? &g->control : &g->root, path, &key)) {
        struct ov_buf more;

        ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
        put_value(g, &key, "ImagePath", &more);
        ov_tell(g->e, OV_TRACE_KEY, question, ov_buf_bytes(&more));
        ov_buf_done(&more);
    }
}

static void answer_all(struct registry *g)
{
    struct ov_bytes rest = g->e->questions;

    while (ov_bytes_len(rest) != 0) { /* each turn takes a question off */
        const uint8_t *raw = ov_bytes_raw(rest);
        const uint64_t len = strnlen((const char *)raw, (size_t)ov_bytes_len(rest));
        struct ov_bytes question;

        if (len != 0 && ov_bytes_slice(rest, 0, len, &question)) {
            answer(g, question);
        }
        rest = ov_text_behind(rest, len + 1);
    }
}

/* --- what every hive is asked --------------------------------------------------------------- */

static void tell_programs(struct registry *g, const char *path)
{
    struct ov_hive_position position = { .list = 0 };
    struct ov_hive_key list, key;

    if (!find(g, &g->root, path, &list)) {
        return;
    }
    while (ov_hive_child(g->e, &g->hive, &list, &position, &key)) {
        struct ov_buf name, more;

        ov_buf_init(&name, 4096);
        ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
        ov_hive_name_put(&name, key.name, key.name_is_ascii);
        put_value(g, &key, "DisplayName", &more);
        put_value(g, &key, "DisplayVersion", &more);
        put_value(g, &key, "Publisher", &more);
        put_value(g, &key, "InstallLocation", &more);
        put_value(g, &key, "WinGetPackageIdentifier", &more);
        ov_tell(g->e, OV_TRACE_PROGRAM, ov_buf_bytes(&name), ov_buf_bytes(&more));
        ov_buf_done(&name);
        ov_buf_done(&more);
    }
}

static void tell_services(struct registry *g)
{
    struct ov_hive_position position = { .list = 0 };
    struct ov_hive_key list, key;

    if (!g->has_control || !find(g, &g->control, "Services", &list)) {
        return;
    }
    while (ov_hive_child(g->e, &g->hive, &list, &position, &key)) {
        struct ov_buf name, more;

        ov_buf_init(&name, 4096);
        ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
        ov_hive_name_put(&name, key.name, key.name_is_ascii);
        put_value(g, &key, "ImagePath", &more);
        put_value(g, &key, "DisplayName", &more);
        ov_tell_number(g->e, OV_TRACE_SERVICE, dword_value(g, &key, "Start", 0xffffffffu),
                ov_buf_bytes(&name), ov_buf_bytes(&more));
        ov_buf_done(&name);
        ov_buf_done(&more);
    }
}

/* A store's blob is a row of properties (id, reserved, length, bytes); the certificate is 32. The
 * scan for DER finds it wherever it lies. */
static void tell_store(struct registry *g, const struct ov_hive_key *store)
{
    struct ov_hive_position position = { .list = 0 };
    struct ov_hive_key list, key;
    struct ov_hive_value blob;

    if (!find(g, store, "Certificates", &list)) {
        return;
    }
    while (ov_hive_child(g->e, &g->hive, &list, &position, &key)) {
        if (ov_hive_value_find(g->e, &g->hive, &key, "Blob", &blob)) {
            ov_tell_certificates(g->e, blob.data, OV_TRACE_CERTIFICATE);
        }
    }
}

static void tell_stores(struct registry *g, const char *path)
{
    struct ov_hive_position position = { .list = 0 };
    struct ov_hive_key list, store;

    if (!find(g, &g->root, path, &list)) {
        return;
    }
    while (ov_hive_child(g->e, &g->hive, &list, &position, &store)) {
        tell_store(g, &store);
    }
}

static void find_control(struct registry *g)
{
    struct ov_hive_key select;
    char path[32];

    if (find(g, &g->root, "Select", &select)) {
        const uint32_t current = dword_value(g, &select, "Current", 1);

        (void)snprintf(path, sizeof(path), "ControlSet%03u", current % 1000u);
        g->has_control = find(g, &g->root, path, &g->control);
    }
    if (!g->has_control) {
        g->has_control = find(g, &g->root, "ControlSet001", &g->control);
    }
}

void ov_read_hive(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct registry g = { .e = e };

    if (!ov_hive_open(bytes, &g.hive)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "not a registry hive");
        return;
    }
    if (g.hive.cut) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the registry hive is cut short");
    }
    if (g.hive.dirty) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED,
                "the registry hive was not closed cleanly, and no log of it leads on");
    }
    if (ov_hive_key_read(&g.hive, g.hive.root, &g.root)) {
        find_control(&g);
        answer_all(&g);
        tell_programs(&g, "Microsoft\\Windows\\CurrentVersion\\Uninstall");
        tell_programs(&g, "WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall");
        tell_programs(&g, "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall");
        tell_services(&g);
        tell_stores(&g, "Microsoft\\SystemCertificates");
        tell_stores(&g, "Software\\Microsoft\\SystemCertificates");
    }
    if (g.hive.damaged && !g.hive.cut) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "cells of the registry hive make no sense");
    }
}
