// What binds stronger than what.
rule or_and_not { condition: true or false and not true or true }
rule not_takes_a_comparison { condition: not filesize == 1 }
rule defined_takes_a_comparison { condition: defined filesize == 1 }
rule bits { condition: filesize | 1 ^ filesize & 2 == 3 }
rule shifts { condition: filesize << 1 + filesize == 3 }
rule products { condition: filesize + ext_int * 2 - filesize % 3 \ 4 > -filesize }
rule left_to_right { condition: filesize - 1 - 2 == ext_int \ 3 \ 4 }
rule parentheses { condition: (filesize - (1 - ext_int)) * 2 == 1 and (true or (false)) }
rule unary { condition: ~-filesize == - -ext_int }
rule folded { condition: ext_int == 2 + 3 * 4 - 0x10 \ 5 | 1 << 4 and ext_int == ~0 ^ 0xff & 0o17 }
rule sizes { condition: filesize < 2MB and filesize > 3KB }
rule floats { condition: ext_float * 2 > 1.5 }
rule texts { condition: ext_text contains "a\x00\t\"b" or ext_text iequals "x" or "a" < "b" }
rule regexes { condition: ext_text matches /a.b/is and not ext_text matches /^x$/ }
rule booleans_count { condition: ext_bool + 1 == 2 and ext_bool }
rule as_condition { condition: filesize and ext_text and ext_float }
rule reads { condition: uint16(0) == 0x5A4D and int32be(uint32(0x3c) + 4) < -1 and uint8(0) and int8(1) and uint16be(2) and int16(3) and uint32be(4) and int16be(5) and int8be(6) and uint8be(7) and int32(8) and uint32(9) }
rule shifts_keep_signs { condition: filesize == -8 >> 1 and filesize == -8 >> 64 and filesize == 1 << 63 and filesize == -9223372036854775807 >> 62 }
