rule first_is_good { condition: true }
rule no_condition { strings: $a = "abcd" }
rule types { condition: "a" + 1 == 2 and filesize contains "x" and 1.5 % 2 == 1 and -"x" == 1 and ~1.5 == 1 and 1 < "a" }
rule unknown_things { strings: $a = "abcd" condition: $b or #c > 1 or any of ($d*) or any of ($e) or nobody or any of (nothing*) or any of (nothing) or $ or # == 1 or $a }
rule unused { strings: $a = "abcd" $b = "efgh" $_c = "ijkl" condition: $a }
rule twice { strings: $a = "abcd" $a = "efgh" condition: any of them }
rule modifiers {
  strings:
    $a = "abcd" nocase nocase
    $b = "abcd" xor nocase
    $c = "abcd" base64 fullword
    $d = "abcd" xor(300) 
    $e = "abcd" xor(9-8)
    $f = "abcd" base64("short")
    $g = { 01 02 03 } wide
    $h = /abcd/ xor
    $i = ""
    $j = "abcd" base64("BACDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") base64wide
    $k = "abcd" private private
  condition: any of them
}
rule hexes {
  strings:
    $a = { }
    $b = { 0 }
    $c = { 01 2 03 }
    $d = { [2] 01 }
    $e = { 01 [2] }
    $f = { 01 [3-2] 02 }
    $g = { 01 [0] 02 }
    $h = { 01 ( 02 | ) 03 }
    $i = { 01 ( 02 [-] 03 ) 04 }
    $j = { 01 ( 02 [1-300] 03 ) 04 }
    $k = { 01 ~?? 02 }
    $l = { 01 | 02 }
    $m = { 01 ) 02 }
    $n = { 01 (02 }
    $o = { 01 [-5] 02 }
    $p = { 01
       02 - 03 }
  condition: any of them
}
rule regexes {
  strings:
    $a = /a**/
    $b = /(a/
    $c = /a)/
    $d = /[b-a]/
    $e = /[a/
    $f = /a{3,2}/
    $g = /a{40000}/
    $h = /\x4/
    $i = /a\1/
    $j = /a*b+?/
    $k = /()/
    $l = /|a/
    $m = /^*/
    $n = /*a/ 
    $o = /a/ /* the one before was no expression at all */
    $p = /[é]/
  condition: any of them
}
rule is_fine_again { condition: first_is_good }
rule is_fine_again { condition: true }
rule asks_a_refused_one { condition: types }
rule asks_refused_ones { condition: any of (t*) }
rule is_fine_too { condition: any of (is_fine_a*) }
rule is_fine_and_late { condition: true }
rule numbers { condition: 9223372036854775808 > 1 }
rule numbers2 { condition: 9223372036854775807 + 1 == 1 or 1 \ 0 == 1 or filesize % 0 == 1 or 1 << -1 == 1 }
rule ranges { strings: $a = "abcd" condition: $a in (2..1) or $a in (-1..5) or $a in ("a"..2) or $a at "x" }
rule quantities { strings: $a = "abcd" condition: -1 of them or 0 of them or 3 of them or 1.5 of them or "a" of them or 0% of them or 101% of them or all of them at 1 or 1 + 50% of them }
rule loops { strings: $a = "abcd" condition: for any i in (1..2) : ( for any i in (1..2) : ( i ) ) and for any i,j in (1..2) : ( i ) and for any x in ext_int : ( x ) and for any i in (1, "a") : ( true ) and for any of them : ( for any of them : ( $ ) ) }
rule chains { condition: 1 == 2 == 3 }
rule conditions_are_no_values { condition: (true) + 1 == 2 and (1 == 1) == 1 }
rule : no_name { condition: true }
rule rule { condition: true }
rule text_not_closed { meta: a = "abc
  condition: true }
rule bad_escape { meta: a = "a\qb" condition: true }
private global first_is_good_2 { condition: true }
rule tags : a b a { condition: true }
rule characters { condition: true ; }
rule ünicode { condition: true }
rule warnings_only { strings: $a = "a" $b = /abcd.*efgh/ $c = /ab\cdef/ condition: ("x" or entrypoint == 1 or /a/ or warnings_only) and any of them }
rule brackets_missing { condition: ( true 
rule the_next_one_counts { condition: true }
}
something else
rule last_is_good { condition: true }
