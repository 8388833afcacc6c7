/* SPDX-License-Identifier: Apache-2.0 */
/* Target: every reader of evidence, chosen by the first byte: package databases, hives, property
 * lists, Android manifests, programs, certificates, words, JSON. Properties: what is told is inside
 * the bounds of the protocol, and the same bytes tell the same again. */
#include <string.h>

#include "base/checked.h"
#include "evidence/readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    uint64_t count, hash;
};

static void mix(struct told *told, struct ov_bytes b)
{
    const uint8_t *raw = ov_bytes_raw(b);

    for (uint64_t i = 0; i < ov_bytes_len(b); i++) {
        told->hash = (told->hash ^ raw[i]) * 1099511628211u;
    }
}

static void on_fact(void *payload, const struct ov_trace *fact)
{
    struct told *told = payload;

    OV_ASSERT(fact->kind >= OV_TRACE_MEMBER && fact->kind <= OV_TRACE_LAST);
    told->count++;
    mix(told, fact->text);
    mix(told, fact->more);
}

static void on_gap(void *payload, uint32_t member, enum ov_reason reason, const char *detail)
{
    struct told *told = payload;

    OV_ASSERT(member == 0 && ov_reason_is_workers((uint32_t)reason) && strlen(detail) < 256);
    told->count++;
    mix(told, ov_bytes_of(detail, strlen(detail)));
}

static const struct {
    char letter;
    void (*read)(struct ov_evidence *e, struct ov_bytes bytes);
} readers[] = {
    { 'D', ov_read_dpkg },
    { 'A', ov_read_alpine },
    { 'P', ov_read_android },
    { 'U', ov_read_users },
    { 'R', ov_read_rpm_header },
    { 'H', ov_read_hive },
    { 'L', ov_read_plist },
    { 'M', ov_read_manifest },
    { 'E', ov_read_program },
    { 'C', ov_read_certificates },
    { 'T', ov_read_text },
    { 'F', ov_read_addons },
    { 'I', ov_read_image },
};

static struct told look(char letter, struct ov_bytes bytes)
{
    static const char questions[] =
            "KasperskyLab\0Software\\X\0CurrentControlSet\\Services\\a\0.example.com\0word";
    struct told told = { .count = 0, .hash = 14695981039346656037u };
    const struct ov_evidence_sink sink = { .payload = &told, .fact = on_fact, .gap = on_gap };
    struct ov_evidence e = {
        .sink = &sink,
        .questions = ov_bytes_of(questions, sizeof(questions)),
        .bytes_left = OV_MIB,
        .steps_left = 20000,
        .members_left = 100,
        .deep = true,
    };

    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (readers[i].letter == letter) {
            readers[i].read(&e, bytes);
        }
    }
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1) {
        const struct ov_bytes bytes = ov_bytes_of(data + 1, size - 1);
        const struct told first = look((char)data[0], bytes), second = look((char)data[0], bytes);

        OV_ASSERT(first.count == second.count && first.hash == second.hash);
    }
    return 0;
}
