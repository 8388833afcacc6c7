/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what is read line by line, chosen by the first byte: packages of Alpine, pacman, Android
 * and images without dpkg; users; words. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        char letter;
        evidence_reader read;
    } readers[] = {
        { 'A', ov_read_alpine },
        { 'C', ov_read_dpkg_control },
        { 'P', ov_read_android },
        { 'M', ov_read_pacman },
        { 'U', ov_read_users },
        { 'T', ov_read_text },
    };

    for (size_t i = 0; size > 1 && i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (readers[i].letter == (char)data[0]) {
            return fuzz_reader(readers[i].read, data + 1, size - 1);
        }
    }
    return 0;
}
