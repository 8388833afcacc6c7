/* SPDX-License-Identifier: Apache-2.0 */
/* shared.c - holds nothing: the library made of it carries the shared decompressors into programs
 * that are not jailed (tests, fuzzers). */
typedef int ov_formats_shared_holds_nothing;
