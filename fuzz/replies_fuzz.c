/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what a worker that was taken over can make of a report, and of what is shown of it.
 * Input: one byte (profile), then messages, each with its length in 16 bits; the number of the
 * request is put in for them. Property: whatever comes, the lines for people hold no control
 * character but their newlines, JSON stays on its one line, and nothing found is called CLEAN. */
#include <string.h>

#include "api/report.h"
#include "base/checked.h"
#include "db/write.h"
#include "report/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEQ       1u
#define RULES     10u
#define REPLY_MAX 4096u

static overt_db *small_db(void)
{
    struct ov_db_writer writer;
    overt_db *db = NULL;
    uint8_t bytes[4096];
    uint64_t size;

    ov_db_writer_init(&writer, sizeof(bytes));
    ov_buf_put_zeros(&writer.sections[OV_DB_RULES], (size_t)RULES * 80u);
    writer.counts[OV_DB_RULES] = RULES;
    size = ov_db_writer_size(&writer); /* finishing lets go of the sections */
    OV_ASSERT(ov_db_writer_finish(&writer, bytes, sizeof(bytes), NULL) == OVERT_OK);
    OV_ASSERT(overt_db_open_bytes(&db, bytes, (size_t)size, NULL) == OVERT_OK);
    ov_db_writer_done(&writer);
    return db;
}

/* True when the worker may say no more. */
static bool hear(overt_report *report, bool explain, struct ov_bytes body, bool *hit)
{
    uint8_t message[OV_EXPLAIN_FRAME_BYTES_MAX + 1];
    const size_t len = (size_t)ov_bytes_len(body);
    const uint32_t seq = SEQ;
    enum ov_report_step step;

    if (len > sizeof(message) || len < sizeof(seq)) {
        return true;
    }
    memcpy(message, ov_bytes_raw(body), len);
    memcpy(message, &seq, sizeof(seq));
    step = explain ? ov_report_record(report, ov_bytes_of(message, len), SEQ, REPLY_MAX)
                   : ov_report_verdict(report, ov_bytes_of(message, len), SEQ);
    *hit |= report->hit_seen;
    if (step == OV_REPORT_LIE) {
        ov_report_fail(report, OV_REASON_PROTOCOL, "");
        *hit = false;
    }
    return step != OV_REPORT_MORE;
}

static void check_text(const struct ov_buf *out, bool one_line)
{
    const struct ov_bytes all = ov_buf_bytes(out);
    const uint8_t *at = ov_bytes_raw(all);

    OV_ASSERT(ov_buf_ok(out));
    for (uint64_t i = 0; i < ov_bytes_len(all); i++) {
        const bool last = i + 1 == ov_bytes_len(all);

        OV_ASSERT((at[i] >= 0x20 && at[i] != 0x7f) || (at[i] == '\n' && (last || !one_line)));
    }
}

static void show(const overt_report *first, const overt_report *second, const overt_db *db)
{
    const struct ov_result result = { .path = ov_bytes_of("p\x1b\n", 3),
        .verdict = overt_report_verdict(first),
        .report = first,
        .explained = second };
    struct ov_buf out;

    ov_buf_init(&out, 1u << 26);
    ov_lines_file(&out, &result, false);
    check_text(&out, false);
    ov_buf_clear(&out);
    ov_lines_explain(&out, &result, db, false);
    check_text(&out, false);
    ov_buf_clear(&out);
    ov_json_file(&out, &result);
    check_text(&out, true);
    ov_buf_clear(&out);
    ov_json_explain(&out, &result, db);
    check_text(&out, true);
    ov_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static overt_db *db;
    struct ov_reader r = ov_reader_on(ov_bytes_of(data, size));
    overt_report *report;
    uint8_t profile = 0;
    uint16_t len = 0;
    struct ov_bytes body;
    bool hit = false, ended = false;

    db = db == NULL ? small_db() : db;
    report = ov_report_new(db, "p", 0);
    OV_ASSERT(report != NULL);
    if (ov_read_u8(&r, &profile)) {
        while (!ended && ov_read_u16le(&r, &len) && ov_read_bytes(&r, len, &body)) {
            ended = hear(report, (profile & 1) != 0, body, &hit);
        }
    }
    if (!ended) {
        ov_report_fail(report, OV_REASON_DIED, "");
    }
    ov_report_finish(report, REPLY_MAX);
    OV_ASSERT((overt_report_verdict(report) == OVERT_DETECTED) == hit);
    OV_ASSERT(ended || overt_report_verdict(report) != OVERT_CLEAN);
    show(report, NULL, db);
    show(report, report, db);
    overt_report_free(report);
    return 0;
}
