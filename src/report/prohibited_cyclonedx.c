/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_cyclonedx.c - a CycloneDX 1.6 bill of materials of the findings: each product as a
 * component with the evidence of its identity, and the rulings as properties. The composition says
 * whether the search was complete. */
#include <inttypes.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "report/prohibited.h"

static void put_json(struct ov_buf *out, const char *text)
{
    ov_text_json(out, ov_bytes_of(text, strlen(text)));
}

static void put_member(struct ov_buf *out, const char *name, const char *text)
{
    ov_buf_printf(out, ",\"%s\":", name);
    put_json(out, text);
}

static void put_property(struct ov_buf *out, const char *name, const char *text, bool first)
{
    ov_buf_printf(out, "%s{\"name\":\"overt:%s\",\"value\":", first ? "" : ",", name);
    put_json(out, text);
    ov_buf_put_u8(out, '}');
}

static double confidence_of(enum ov_strength strength)
{
    return strength == OV_STRENGTH_STRONG ? 1.0 : strength == OV_STRENGTH_MEDIUM ? 0.6 : 0.2;
}

/* How CycloneDX calls a way of finding. */
static const char *technique_of(const char *kind)
{
    static const struct {
        const char *kind, *technique;
    } rows[] = {
        { "package", "manifest-analysis" },
        { "package-part", "manifest-analysis" },
        { "bundle", "manifest-analysis" },
        { "receipt", "manifest-analysis" },
        { "msi-product", "manifest-analysis" },
        { "firefox-addon", "manifest-analysis" },
        { "path", "filename" },
        { "file-name", "filename" },
        { "driver", "filename" },
        { "installer", "filename" },
        { "library", "filename" },
        { "signer", "binary-analysis" },
        { "signer-cn", "binary-analysis" },
        { "apple-team", "binary-analysis" },
        { "sha256", "hash-comparison" },
        { "process", "instrumentation" },
        { "socket", "instrumentation" },
        { "kernel-module", "instrumentation" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].kind, kind) == 0) {
            return rows[i].technique;
        }
    }
    return "other";
}

static void put_evidence(struct ov_buf *out, const struct ov_found *found)
{
    ov_buf_printf(out,
            ",\"evidence\":{\"identity\":[{\"field\":\"name\",\"confidence\":%.1f,\"methods\":[",
            confidence_of(found->confidence));
    for (size_t i = 0; i < found->clue_count; i++) {
        const struct ov_clue *clue = &found->clues[i];

        ov_buf_printf(out, "%s{\"technique\":\"%s\",\"confidence\":%.1f", i == 0 ? "" : ",",
                technique_of(clue->kind), confidence_of(clue->strength));
        put_member(out, "value", clue->value);
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_text(out, "]}],\"occurrences\":[");
    for (size_t i = 0; i < found->clue_count; i++) {
        ov_buf_printf(out, "%s{\"location\":", i == 0 ? "" : ",");
        put_json(out, found->clues[i].where[0] == '\0' ? "/" : found->clues[i].where);
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_text(out, "]}");
}

static void put_component(struct ov_buf *out, const struct ov_prohibited_report *r, size_t index)
{
    const struct ov_found *found = &r->survey->found[index];
    struct ov_buf purl;

    ov_buf_printf(out, "%s{\"type\":\"application\",\"bom-ref\":\"finding-%zu\"",
            index == 0 ? "" : ",", index);
    ov_buf_put_text(out, ",\"supplier\":{\"name\":");
    put_json(out, found->entity);
    ov_buf_put_u8(out, '}');
    put_member(out, "name", found->name);
    if (found->version[0] != '\0') {
        put_member(out, "version", found->version);
    }
    ov_buf_init(&purl, 1u << 14);
    if (ov_prohibited_purl(&purl, r, found)) {
        ov_buf_put_text(out, ",\"purl\":");
        ov_text_json(out, ov_buf_bytes(&purl));
    }
    ov_buf_done(&purl);
    put_evidence(out, found);
    ov_buf_put_text(out, ",\"properties\":[");
    put_property(out, "product", found->product, true);
    put_property(out, "state", ov_state_name(found->state), false);
    put_property(out, "embedded", found->embedded ? "true" : "false", false);
    put_property(out, "host", r->survey->hosts[found->host].name, false);
    for (size_t i = 0; i < found->ruling_count; i++) {
        const struct ov_ruling *ruling = &found->rulings[i];

        put_property(out,
                ruling->scope == OV_SCOPE_IN       ? "ban"
                : ruling->scope == OV_SCOPE_DECIDE ? "ban-to-be-decided"
                                                   : "ban-not-in-scope",
                ruling->ban, false);
    }
    ov_buf_put_text(out, "]}");
}

/* A serial number that follows from host, time and catalogue: the same report, the same number. */
static void put_serial(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    uint8_t d[OV_DIGEST_BYTES_MAX] = { 0 };
    struct ov_buf text;

    ov_buf_init(&text, 1u << 20);
    ov_buf_printf(&text, "%s %s", r->time, r->catalogue->digest);
    for (size_t i = 0; i < r->survey->host_count; i++) {
        ov_buf_printf(&text, " %s", r->survey->hosts[i].name);
    }
    if (!ov_digest_of(OV_DIGEST_SHA256, ov_buf_bytes(&text), d)) {
        memset(d, 0, sizeof(d));
    }
    ov_buf_done(&text);
    ov_buf_printf(out,
            "urn:uuid:%02x%02x%02x%02x-%02x%02x-8%01x%02x-a%01x%02x-%02x%02x%02x%02x%02x%02x", d[0],
            d[1], d[2], d[3], d[4], d[5], d[6] & 15u, d[7], d[8] & 15u, d[9], d[10], d[11], d[12],
            d[13], d[14], d[15]);
}

void ov_prohibited_cyclonedx(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const struct ov_survey *s = r->survey;

    ov_buf_put_text(out, "{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\","
                         "\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"serialNumber\":\"");
    put_serial(out, r);
    ov_buf_printf(out,
            "\",\"version\":1,\"metadata\":{\"timestamp\":\"%s\",\"tools\":{\"components\":[{"
            "\"type\":\"application\",\"name\":\"overt\",\"version\":\"" OV_VERSION "\"}]},"
            "\"component\":{\"type\":\"device\",\"bom-ref\":\"host\",\"name\":",
            r->time);
    put_json(out, s->host_count == 1  ? s->hosts[0].name
                  : r->agency != NULL ? r->agency
                                      : "several hosts");
    ov_buf_printf(out,
            "},\"properties\":[{\"name\":\"overt:catalogue\",\"value\":\"%s\"},"
            "{\"name\":\"overt:hosts\",\"value\":\"%zu\"}]},\"components\":[",
            r->catalogue->digest, s->host_count);
    for (size_t i = 0; i < s->found_count; i++) {
        put_component(out, r, i);
    }
    ov_buf_printf(out, "],\"compositions\":[{\"aggregate\":\"%s\",\"assemblies\":[\"host\"]}]}\n",
            ov_survey_is_complete(s) ? "complete" : "incomplete");
}
