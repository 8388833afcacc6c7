/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_bulk_test.c - all that scanner_test.c asks, of a scanner that is woken for many answers at
 * once: what dies, hangs or lies costs the same files, and nothing is lost. */
#define RIG_BULK 1u
/* NOLINTNEXTLINE(bugprone-suspicious-include): the same tests, once more */
#include "tests/unit/scanner_test.c"
