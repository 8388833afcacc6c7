private rule a1 { condition: true }
global rule a2 { condition: true }
global private rule a3 { condition: ext_bool }
rule strs {
  strings:
    $a1 = "aaaa"
    $a2 = "bbbb"
    $b = "cccc"
    $ = "dddd"
  condition:
    all of them and any of ($a*) and none of ($b, $a1) and 2 of ($*) and 50% of them and
    any of them at 10 and 1 of ($a*) in (0..filesize) and #a1 of them and $a1 and $a2 at 5 + 1 and
    $b in (1..2) and #b in (1..@a1) == 3 and @a1[2] + !a1[#b] > @b - !b
}
rule loops {
  strings:
    $a = "aaaa"
    $b = "bbbb"
  condition:
    for any of ($a, $b) : ( $ at 0 and # > 1 and @ > 2 and ! > 3 and @[1] > 4 and ![2] > 5 ) and
    for all i in (1..#a) : ( @a[i] + i < filesize and for 2 j in (1, 2, i) : ( i == j ) ) and
    for none s in ("x", ext_text) : ( s contains "y" ) and
    for any of them : ( for 3 i in (0..#) : ( @[i] == i ) )
}
rule others {
  condition:
    a1 and not a2 and any of (a*) and all of (a1, a3, strs) and 75% of (a*, loops) and 1 of (a2)
}
rule rest_itself_too { condition: any of (rest*, a1) and 2 of (a*, rest*) and 60% of (rest*, a*) }
