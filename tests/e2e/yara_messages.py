"""Sources that are wrong, and what YARA 4.5.4 says of them: (line, sentence); the end of a source is on line 0."""

CASES = [
    ('rule a { x " \n}\nrule b { condition: 1 + }', [
        (1, 'syntax error, unexpected identifier, expecting <condition>'),
        (2, 'unterminated string'),
    ]),
    ('rule a { x \x80 }\nrule b { condition: 1 + }', [
        (1, 'syntax error, unexpected identifier, expecting <condition>'),
        (1, 'non-ascii character'),
    ]),
    ('rule a { condition: x }\nrule b rule c { condition: 1 + }\nrule d { condition: 1+ }', [
        (1, 'undefined identifier "x"'),
        (2, "syntax error, unexpected '}'"),
        (3, "syntax error, unexpected '}'"),
    ]),
    ('rule a { condition: x }\nrule 0.4\nimport x\nrule d { condition: 1+ }', [
        (1, 'undefined identifier "x"'),
        (4, "syntax error, unexpected '}'"),
    ]),
    ('include ;\nrule d { condition: 1+ }', [
        (1, 'syntax error, unexpected identifier'),
        (2, "syntax error, unexpected '}'"),
    ]),
    ('include\n"x"', [
        (1, 'syntax error, unexpected identifier'),
    ]),
    ('rule a { condition: "abc', [
        (0, 'syntax error, unexpected end of file'),
    ]),
    ('rule a { strings: $a = /abc\\', [
        (0, 'syntax error, unexpected end of file, expecting text string'),
    ]),
    ('rule a { }', [
        (1, "syntax error, unexpected hex string, expecting '{'"),
    ]),
    ('rule a { condition: x', [
        (1, 'undefined identifier "x"'),
    ]),
    ('rule "x\n{ condition: true }', [
        (2, 'unterminated string'),
        (2, 'syntax error, unexpected end of file, expecting identifier'),
    ]),
    ('rule a { condition: true }\nrule a { strings: $a = "a" condition: $a and }\nrule b { condition: 1 + }', [
        (2, 'duplicated identifier "a"'),
        (3, "syntax error, unexpected '}'"),
    ]),
    ('rule a { strings: $a = /ab/ xor condition: $a }', [
        (1, 'syntax error, unexpected <xor>, expecting <condition>'),
    ]),
    ('rule a { strings: $a = "ab" $a: }', [
        (1, "syntax error, unexpected ':', expecting '='"),
    ]),
    ('rule a { condition: for any i in (1 x) : (true) }', [
        (1, "syntax error, unexpected identifier, expecting ')' or ','"),
    ]),
    ('rule a { condition: for any i in (1..2) : (true x) }', [
        (1, "syntax error, unexpected identifier, expecting <or> or <and> or ')'"),
    ]),
    ('rule a { condition: for 50% of them : (true) }', [
        (1, 'syntax error, unexpected <of>'),
    ]),
    ('rule a { condition: 1 == (true) }', [
        (1, 'syntax error, unexpected <true>'),
    ]),
    ('rule a { condition: (true) == 1 }', [
        (1, "syntax error, unexpected ==, expecting '}'"),
    ]),
    ('rule a { condition: 1 == (1 x) }', [
        (1, 'syntax error, unexpected identifier'),
    ]),
    ('rule a { condition: true condition }\nrule b { condition: a and 1 of (a*) }', [
        (1, "syntax error, unexpected <condition>, expecting '}'"),
    ]),
    ('rule a { strings: $a = /ab\n condition: $a }', [
        (2, 'unterminated regular expression'),
        (2, 'syntax error, unexpected end of file, expecting text string'),
    ]),
    ('rule te"st {\n', [
        (2, 'unterminated string'),
        (2, "syntax error, unexpected end of file, expecting '{'"),
    ]),
]
