rule texts : tag_one tag_two {
  meta:
    author = "someone \"quoted\" \x41"
    score = 75
    negative = -0x10
    large = 2KB
    yes = true
    no = false
    yes = "twice is fine"
  strings:
    $plain = "plain"
    $escaped = "a\tb\nc\rd\"e\\f\x00\xFF"
    $all = "x9Q" wide ascii nocase fullword private
    $wide = "wide" wide
    $xor = "xorred" xor
    $xor1 = "xorred" xor(0x10)
    $xor2 = "xorred" xor(1-0xff) wide
    $b = "base" base64
    $bw = "base" base64wide
    $both = "base" base64("!@#$%^&*(){}[].,|ABCDEFGHIJ\x09LMNOPQRSTUVWXYZabcdefghijklmnopqrstu") base64wide("!@#$%^&*(){}[].,|ABCDEFGHIJ\x09LMNOPQRSTUVWXYZabcdefghijklmnopqrstu")
    $ = "anonymous one"
    $ = "anonymous two"
    $_unused = "not asked about"
    $utf8 = "zażółć"
  condition:
    any of ($*)
}
rule hex {
  strings:
    $a = { 4D 5A ?? 9? ?0 ~FF ~?1 }
    $b = { 01 [4] 02 [2-5] 03 [7-] 04 [-] 05 [0-0] 06 [1-2][3] 07 }
    $c = { 01 (02 03 | 04 [1-3] (05|06) | ??) 07 }
    $d = {4d5A/* } // */90// }
      00}
    $e = { (01 02) 03 } private
  condition:
    all of them
}
rule regex {
  strings:
    $a = /abc/
    $b = /a.c\d\D\w\W\s\S/is wide nocase
    $c = /[a-c\]x-]{2,3}[^\n]+(x|y|)/
    $d = /^(foo|ba[rz])\b.\B$/ fullword
    $e = /a{3}b{2,}c{,4}d{,}e{1, 2}f{ 1}g{0}h/
    $f = /\x41\/\.\[\\\t\n\r\f\a\-/ ascii wide
    $g = /[]a][^]b][\x00-\x1f][a-\d][\d-z][\w-]/
    $h = /x*?y+?z??w{1,2}?/
    $i = /ab.{2,}?cd.{1,201}?.{300,}?ef/
    $j = /.{300,}?ab.{2,200}?c(.{300,}?)d.*?.{300,}?/s
    $k = /ab.{2,}?cd|ef.{2,}?gh/
    $l = /(ab.{2,}?cd)/
  condition:
    for any of them : ( $ )
}
