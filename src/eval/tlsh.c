/* SPDX-License-Identifier: Apache-2.0 */
/* J. Oliver, C. Cheng, Y. Chen, "TLSH - A Locality Sensitive Hash" (2013): 128 buckets, a window of
 * 5 bytes, a checksum of 1 byte, version 1 of the text form. Both tables are part of the format. */
#include "eval/tlsh.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS      128u /* of 256 counted, the ones that enter the hash */
#define WINDOW       5u
#define CODE_BYTES   (BUCKETS / 4u)
#define LEAST_BYTES  50u
#define HEADER_BYTES 3u /* checksum, length, ratios of the quartiles */

_Static_assert(2 + 2 * (HEADER_BYTES + CODE_BYTES) == OV_TLSH_CHARS, "as the header says");

/* Pearson's permutation. */
static const uint8_t pearson[256] = {
    1,
    87,
    49,
    12,
    176,
    178,
    102,
    166,
    121,
    193,
    6,
    84,
    249,
    230,
    44,
    163,
    14,
    197,
    213,
    181,
    161,
    85,
    218,
    80,
    64,
    239,
    24,
    226,
    236,
    142,
    38,
    200,
    110,
    177,
    104,
    103,
    141,
    253,
    255,
    50,
    77,
    101,
    81,
    18,
    45,
    96,
    31,
    222,
    25,
    107,
    190,
    70,
    86,
    237,
    240,
    34,
    72,
    242,
    20,
    214,
    244,
    227,
    149,
    235,
    97,
    234,
    57,
    22,
    60,
    250,
    82,
    175,
    208,
    5,
    127,
    199,
    111,
    62,
    135,
    248,
    174,
    169,
    211,
    58,
    66,
    154,
    106,
    195,
    245,
    171,
    17,
    187,
    182,
    179,
    0,
    243,
    132,
    56,
    148,
    75,
    128,
    133,
    158,
    100,
    130,
    126,
    91,
    13,
    153,
    246,
    216,
    219,
    119,
    68,
    223,
    78,
    83,
    88,
    201,
    99,
    122,
    11,
    92,
    32,
    136,
    114,
    52,
    10,
    138,
    30,
    48,
    183,
    156,
    35,
    61,
    26,
    143,
    74,
    251,
    94,
    129,
    162,
    63,
    152,
    170,
    7,
    115,
    167,
    241,
    206,
    3,
    150,
    55,
    59,
    151,
    220,
    90,
    53,
    23,
    131,
    125,
    173,
    15,
    238,
    79,
    95,
    89,
    16,
    105,
    137,
    225,
    224,
    217,
    160,
    37,
    123,
    118,
    73,
    2,
    157,
    46,
    116,
    9,
    145,
    134,
    228,
    207,
    212,
    202,
    215,
    69,
    229,
    27,
    188,
    67,
    124,
    168,
    252,
    42,
    4,
    29,
    108,
    21,
    247,
    19,
    205,
    39,
    203,
    233,
    40,
    186,
    147,
    198,
    192,
    155,
    33,
    164,
    191,
    98,
    204,
    165,
    180,
    117,
    76,
    140,
    36,
    210,
    172,
    41,
    54,
    159,
    8,
    185,
    232,
    113,
    196,
    231,
    47,
    146,
    120,
    51,
    65,
    28,
    144,
    254,
    221,
    93,
    189,
    194,
    139,
    112,
    43,
    71,
    109,
    184,
    209,
};

/* A length is coded as how many of these are below it: factors of 1.5, 1.3, then 1.1. */
static const uint32_t lengths[] = {
    1,
    2,
    3,
    5,
    7,
    11,
    17,
    25,
    38,
    57,
    86,
    129,
    194,
    291,
    437,
    656,
    854,
    1110,
    1443,
    1876,
    2439,
    3171,
    3475,
    3823,
    4205,
    4626,
    5088,
    5597,
    6157,
    6772,
    7450,
    8195,
    9014,
    9916,
    10907,
    11998,
    13198,
    14518,
    15970,
    17567,
    19323,
    21256,
    23382,
    25720,
    28292,
    31121,
    34233,
    37656,
    41422,
    45564,
    50121,
    55133,
    60646,
    66711,
    73382,
    80721,
    88793,
    97672,
    107439,
    118183,
    130002,
    143002,
    157302,
    173032,
    190335,
    209369,
    230306,
    253337,
    278670,
    306538,
    337191,
    370911,
    408002,
    448802,
    493682,
    543050,
    597356,
    657091,
    722800,
    795081,
    874589,
    962048,
    1058252,
    1164078,
    1280486,
    1408534,
    1549388,
    1704327,
    1874759,
    2062236,
    2268459,
    2495305,
    2744836,
    3019320,
    3321252,
    3653374,
    4018711,
    4420582,
    4862641,
    5348905,
    5883796,
    6472176,
    7119394,
    7831333,
    8614467,
    9475909,
    10423501,
    11465851,
    12612437,
    13873681,
    15261050,
    16787154,
    18465870,
    20312458,
    22343706,
    24578077,
    27035886,
    29739474,
    32713425,
    35984770,
    39583245,
    43541573,
    47895730,
    52685306,
    57953837,
    63749221,
    70124148,
    77136564,
    84850228,
    93335252,
    102668779,
    112935659,
    124229227,
    136652151,
    150317384,
    165349128,
    181884040,
    200072456,
    220079703,
    242087671,
    266296456,
    292926096,
    322218735,
    354440623,
    389884688,
    428873168,
    471760495,
    518936559,
    570830240,
    627913311,
    690704607,
    759775136,
    835752671,
    919327967,
    1011260767,
    1112386880,
    1223623232,
    1345985727,
    1480584256,
    1628642751,
    1791507135,
    1970657856,
    2167723648,
    2384496256,
    2622945920,
    2885240448,
    3173764736,
    3491141248,
    3840255616,
    4224281216,
};

static uint8_t mix(uint8_t salt, uint8_t a, uint8_t b, uint8_t c)
{
    return pearson[pearson[pearson[salt ^ a] ^ b] ^ c];
}

/* Six triples of each window, each with a salt of its own; `w[0]` is the newest byte. */
static uint8_t count(struct ov_bytes in, uint32_t buckets[256])
{
    const uint8_t *raw = ov_bytes_raw(in);
    uint8_t checksum = 0;

    for (size_t i = WINDOW - 1; i < ov_bytes_len(in); i++) {
        const uint8_t w[WINDOW] = { raw[i], raw[i - 1], raw[i - 2], raw[i - 3], raw[i - 4] };

        checksum = mix(1, w[0], w[1], checksum);
        buckets[mix(49, w[0], w[1], w[2])]++;
        buckets[mix(12, w[0], w[1], w[3])]++;
        buckets[mix(178, w[0], w[2], w[3])]++;
        buckets[mix(166, w[0], w[2], w[4])]++;
        buckets[mix(84, w[0], w[1], w[4])]++;
        buckets[mix(230, w[0], w[3], w[4])]++;
    }
    return checksum;
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint8_t length_code(uint64_t len)
{
    size_t i = 0;

    while (i + 1 < sizeof(lengths) / sizeof(lengths[0]) && lengths[i] < len) {
        i++;
    }
    return (uint8_t)i;
}

/* Each quartile's share of the third, as float arithmetic has it, modulo 16. */
static uint8_t ratio(uint32_t quartile, uint32_t third)
{
    const float percent = (float)(quartile * 100) / (float)third;

    return (uint8_t)((uint32_t)percent % 16);
}

static void put_hex(char **at, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";

    *(*at)++ = digits[byte >> 4];
    *(*at)++ = digits[byte & 15];
}

static uint8_t swapped(uint8_t byte)
{
    return (uint8_t)(byte << 4 | byte >> 4);
}

static uint8_t code_of(const uint32_t *four, const uint32_t quartile[3])
{
    uint8_t code = 0;

    for (unsigned j = 0; j < 4; j++) {
        const unsigned above = four[j] > quartile[2]   ? 3
                               : four[j] > quartile[1] ? 2
                               : four[j] > quartile[0] ? 1
                                                       : 0;

        code = (uint8_t)(code | above << (2 * j));
    }
    return code;
}

void ov_tlsh_of(struct ov_bytes in, char out[OV_TLSH_CHARS + 1])
{
    uint32_t buckets[256] = { 0 }, sorted[BUCKETS], quartile[3], used = 0;
    char *at = out;
    uint8_t checksum;

    out[0] = 0;
    if (ov_bytes_len(in) < LEAST_BYTES) {
        return;
    }
    checksum = count(in, buckets);
    memcpy(sorted, buckets, sizeof(sorted));
    qsort(sorted, BUCKETS, sizeof(sorted[0]), ascending);
    for (unsigned i = 0; i < 3; i++) {
        quartile[i] = sorted[(i + 1) * (BUCKETS / 4) - 1];
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        used += buckets[i] > 0;
    }
    if (quartile[2] == 0 || used <= BUCKETS / 2) {
        return;
    }
    *at++ = 'T';
    *at++ = '1';
    put_hex(&at, swapped(checksum));
    put_hex(&at, swapped(length_code(ov_bytes_len(in))));
    put_hex(&at, swapped((uint8_t)(ratio(quartile[0], quartile[2])
                                   | ratio(quartile[1], quartile[2]) << 4)));
    for (unsigned i = CODE_BYTES; i > 0; i--) {
        put_hex(&at, code_of(&buckets[4 * (i - 1)], quartile));
    }
    *at = 0;
}
