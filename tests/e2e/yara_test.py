#!/usr/bin/env python3
"""yara_test.py OVERT: `overt yara` and `overt yarac` print and end as yara and yarac 4.5.4 do.

What is expected here was printed by yara 4.5.4 for the same arguments, unless docs/compat-yara.md says otherwise."""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
import yara_messages  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
FOLDER = tempfile.mkdtemp(prefix="overt-yara-")
os.chdir(FOLDER)


def put(name, text):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return name


def ask(*words, program="yara", **how):
    done = subprocess.run([OVERT, program, *words], capture_output=True, check=False, timeout=120, **how)
    return done.returncode, done.stdout.decode("latin1"), done.stderr.decode("latin1")


put("t", b"xxabcx\n\0a\0b\0c\0")
put("r.yar", 'rule a : t1 t2 { meta: x=5 y="q\\"r\\n" z=true w=-1 strings: $a="abc" wide ascii $h={61 ?? 63} $_p="x" private '
    "condition: $a and $h }\nrule b : t2 { condition: filesize < 3 }\nprivate rule c { condition: true }\n"
    "rule d { condition: c }\n")


def every_part_of_a_rule_is_printed_as_yara_prints_it():
    tap.same(ask("-w", "r.yar", "t"), (0, "a t\nd t\n", ""))
    tap.same(ask("-w", "-s", "-L", "-m", "-g", "-e", "-X", "r.yar", "t"), (0, (
        'default:a [t1,t2] [x =5,y="q\\"r\\n",z=true,w =-1] t\n'
        "0x2:3:$a:xor(0x00,abc): abc\n"
        "0x8:6:$a:xor(0x00,a\\x00b\\x00c\\x00): a\\x00b\\x00c\\x00\n"
        "0x2:3:$h:xor(0x00,abc): 61 62 63\n"
        "default:d [] [] t\n"), ""))
    tap.same(ask("-w", "-s", "r.yar", "t")[1], "a t\n0x2:$a: abc\n0x8:$a: a\\x00b\\x00c\\x00\n0x2:$h: 61 62 63\nd t\n")
    tap.same(ask("-w", "-L", "r.yar", "t")[1], "a t\n0x2:3:$a\n0x8:6:$a\n0x2:3:$h\nd t\n")


def rules_are_chosen_by_name_tag_and_the_opposite():
    tap.same(ask("-w", "-n", "r.yar", "t")[1], "b t\n")
    tap.same(ask("-w", "-t", "t2", "r.yar", "t")[1], "a t\n")
    tap.same(ask("-w", "-t", "none", "r.yar", "t")[1], "")
    tap.same(ask("-w", "-i", "d", "-t", "t2", "r.yar", "t")[1], "d t\n")
    tap.same(ask("-w", "-l", "1", "r.yar", "t")[1], "a t\n")
    tap.same(ask("-w", "-c", "r.yar", "t"), (0, "2\n", ""))
    put("n.yar", 'rule no { strings: $a = "abc" condition: $a and #a > 1 }')
    tap.same(ask("-w", "-n", "-s", "n.yar", "t")[1], "no t\n0x2:$a: abc\n")


def a_long_match_is_cut_as_yara_cuts_it():
    put("long", b"A" + b"x" * 600 + b"B")
    put("l.yar", "rule l { strings: $r = /Ax+B/ $h = { 41 [600] 42 } condition: all of them }")
    lines = ask("-w", "-s", "-L", "l.yar", "long")[1].split("\n")
    tap.same(lines[1], "0x0:512:$r: A" + "x" * 511)
    tap.same(lines[2], "0x0:512:$h: 41 " + " ".join(["78"] * 63) + " ...")


def a_lazy_dot_of_more_than_200_bytes_is_a_jump():
    put("jumps", b"ab1\n2cd " + b"x" * 5000 + b"cd ef\n")
    for number, (text, lines) in enumerate((
            ("/ab.{2,}?cd/", "0x0:7:$a\n"), ("/ab.{2,201}?cd/", "0x0:7:$a\n"), ("/ab.{2,200}?cd/", ""), ("/ab.*?cd/", ""),
            ("/ab.+?cd/", ""), ("/(ab.{2,}?cd)/", ""), ("/ab.{2,}?cd|zz/", ""), ("/ab(.{2,}?)cd/", ""),
            ("/ab.{2,}?cd.{1,}?ef/", "0x0:512:$a\n"), ("/ab.{5000}?cd/ nocase", ""), ("/2c.{5002}?cd/ nocase", "0x4:512:$a\n"),
            ("/^.{2,}?cd/", "0x0:7:$a\n"), ("/ab.{2,}?cd/ fullword", ""), ("/1.{1,}?2cd/ fullword", ""),
            ("/ab.{2,}?.{2,}?/", "0x0:6:$a\n"), ("/ab.{2,}?\\b/", "0x0:4:$a\n"))):
        name = put(f"jump{number}.yar", "rule j { strings: $a = %s condition: $a }" % text)
        tap.same((text, ask("-w", "-L", name, "jumps")), (text, (0, "j jumps\n" + lines if lines else "", "")))


def xor_keys_are_told():
    put("x", bytes(c ^ 0x21 for c in b"secret"))
    put("x.yar", 'rule x { strings: $a = "secret" xor condition: $a }')
    tap.same(ask("-w", "-X", "x.yar", "x")[1], "x x\n0x0:$a:xor(0x21,secret)\n")


def problems_stand_on_standard_error_in_yaras_words():
    put("bad.yar", "rule x\n{\n condition:\n  foo\n}\nrule y { strings: $a = \"abcd\" condition: true }\nrule z { condition: 1 + }\n")
    tap.same(ask("bad.yar", "t"), (1, "", 'error: rule "x" in bad.yar(4): undefined identifier "foo"\n'
             'error: rule "y" in bad.yar(6): unreferenced string "$a"\n'
             'error: rule "z" in bad.yar(7): syntax error, unexpected \'}\'\n'))
    put("warn.yar", 'rule w { strings: $a = "a" condition: $a }')
    warning = 'warning: rule "w" in warn.yar(1): string "$a" may slow down scanning\n'
    tap.same(ask("warn.yar", "t"), (0, "w t\n", warning))
    tap.same(ask("-w", "warn.yar", "t"), (0, "w t\n", ""))
    tap.same(ask("--fail-on-warnings", "warn.yar", "t"), (1, "", warning))
    put("dup.yar", "rule a { condition: true } rule a { condition: true }")
    tap.same(ask("dup.yar", "t"), (1, "", 'dup.yar(1): error: duplicated identifier "a"\n'))
    for text, said in (("rule t { condition: true ; } rule u { condition: zz }", [
            """error: rule "t" in x.yar(1): syntax error, unexpected invalid token, expecting '}'""",
            'error: rule "u" in x.yar(1): undefined identifier "zz"']), ("rule t { condition: true } ;", [
                "x.yar(1): error: syntax error, unexpected invalid token"]), (
                    'rule t { strings: $b = {6Z} $c = "x" condition: all of them } rule u { condition: q }', [
                        """error: rule "t" in x.yar(1): syntax error, unexpected '{', expecting text string""",
                        'error: rule "u" in x.yar(1): undefined identifier "q"']), (
                            "rule a1 { condition: true } rule t { condition: all of (a*) } rule a2 { condition: true }", [
                                'x.yar(1): error: rule identifier "a2" matches previously used wildcard rule set']), (
                                    'rule a { condition: zz } xyz } import "nope"\nrule b { condition: true }\n}', [
                                        'error: rule "a" in x.yar(1): undefined identifier "zz"',
                                        'error: rule "a" in x.yar(1): unknown module "nope"',
                                        "x.yar(3): error: syntax error, unexpected '}'"])):
        put("x.yar", text)
        tap.same(ask("x.yar", "t"), (1, "", "\n".join(said) + "\n"))
    for text, said in yara_messages.CASES:
        put("m.yar", text.encode("latin1"))
        told = ask("m.yar", "t")[2]
        tap.same([(int(line), what) for line, what in re.findall(r"m\.yar\((\d+)\): (?:error: )?(.*)\n", told)], said)
    put("corr.yar", 'import "math" rule c { condition: math.serial_correlation("abcabc") == -0.5 and math.serial_correlation(2, 2) == -1.0 }')
    tap.same(ask("corr.yar", "t"), (0, "c t\n", ""))
    put("zero.yar", "rule z { strings: $a = { 00 } condition: $a }")
    tap.same(ask("zero.yar", "t"), (0, "z t\n", 'warning: rule "z" in zero.yar(1): string "$a" may slow down scanning\n'))
    put("top.yar", "xyz")
    tap.same(ask("top.yar", "t")[2][:50], "top.yar(1): error: syntax error, unexpected identi")
    put("esc.yar", "rule e { strings: $a = /abcd\\qe/ condition: $a }")
    tap.same(ask("esc.yar", "t"), (0, "", ""))
    tap.same(ask("-E", "esc.yar", "t"), (0, "", 'warning: rule "e" in esc.yar(1): unknown escape sequence\n'))
    tap.same(ask("--max-strings-per-rule=1", "r.yar", "t")[0], 1)


def options_are_read_as_yara_reads_them():
    tap.same(ask("--nonsense", "r.yar", "t"), (1, "", "unknown option `--nonsense`\n"))
    tap.same(ask("-w", "-w", "r.yar", "t"), (1, "", "too many `-w` options\n"))
    tap.same(ask("-l", "x", "r.yar", "t"), (1, "", "option `-l` requires an integer argument\n"))
    tap.same(ask("--tag", "x", "r.yar", "t"), (1, "", "option `--tag` requires a string argument\n"))
    tap.same(ask("-dx=1", "r.yar", "t"), (1, "", "option `-dx=1` requires a string argument\n"))
    tap.same(ask("-wc", "r.yar", "t")[1], "2\n")
    tap.same(ask("-p", "33", "r.yar", "t"), (1, "", "maximum number of threads is 32\n"))
    tap.same(ask("r.yar")[0], 1)
    tap.same(ask("--atom-quality-table=none", "r.yar", "t"), (1, "", "error loading atom quality table: could not open file\n"))
    tap.same(ask("-v"), (0, "4.5.4\n", ""))
    tap.same(ask("none.yar", "t"), (1, "", "error: could not open file: none.yar\n"))
    tap.same(ask("-w", "r.yar", "none"), (1, "", "error scanning none: could not open file\n"))


def external_variables_have_types():
    put("e.yar", 'rule i { condition: n == 3 } rule f { condition: x > 1.0 } rule b { condition: y } rule s { condition: z == "abc" }')
    tap.same(ask("-d", "n=3", "-d", "x=1.5", "-d", "y=true", "-d", "z=abc", "e.yar", "t"), (0, "i t\nf t\nb t\ns t\n", ""))
    tap.same(ask("-d", "n=4", "-d", "x=0.5", "-d", "y=false", "-d", "z=b", "e.yar", "t"), (0, "", ""))
    tap.same(ask("-d", "n", "e.yar", "t")[2].split("\n")[0], "error: wrong syntax for `-d` option.")


def compiled_rules_take_other_values():
    tap.same(ask("-d", "n=3", "-d", "x=1.5", "-d", "y=true", "-d", "z=abc", "e.yar", "e.ovdb", program="yarac"), (0, "", ""))
    tap.same(ask("-C", "e.ovdb", "t"), (0, "i t\nf t\nb t\ns t\n", ""))
    tap.same(ask("-C", "-d", "z=no", "-d", "n=4", "e.ovdb", "t"), (0, "f t\nb t\n", ""))
    tap.same(ask("-C", "-d", "z=1", "e.ovdb", "t"), (1, "", "invalid type for external variable\n"))
    tap.same(ask("-C", "r.yar", "t"), (1, "", "invalid compiled rules file.\n"))
    tap.same(ask("-C", "e.ovdb", "e.ovdb", "t")[0], 1)
    put("worse.yar", "rule x { condition: nothing }")
    tap.same(ask("worse.yar", "w.ovdb", program="yarac")[0], 1)
    assert not os.path.exists("w.ovdb")


def namespaces_and_includes():
    put("sub/inner.yar", 'include "deep/last.yar"\nrule inner { condition: last }')
    put("sub/deep/last.yar", "rule last { condition: true }")
    put("outer.yar", 'include "sub/inner.yar"\nrule outer { condition: inner and last }')
    tap.same(ask("-e", "one:outer.yar", "two:r.yar", "-w", "t"),
             (0, "one:last t\none:inner t\none:outer t\ntwo:a t\ntwo:d t\n", ""))
    put("missing.yar", 'include "nothing.yar"\nrule m { condition: true }')
    tap.same(ask("missing.yar", "t"), (1, "", "missing.yar(1): error: can't open include file: nothing.yar\n"))
    put("circle.yar", 'include "circle.yar"\nrule m { condition: true }')
    tap.same(ask("circle.yar", "t")[2], "circle.yar(1): error: includes circular reference\n")
    put("sub/broken.yar", "rule broken { condition: nothing }")
    put("in.yar", 'include "sub/broken.yar"')
    tap.same(ask("in.yar", "t")[2], 'error: rule "broken" in sub/broken.yar(1): undefined identifier "nothing"\n')
    with open("r.yar", "rb") as rules:
        tap.same(ask("-w", "-", "t", stdin=rules)[1], "a t\nd t\n")


def folders_are_walked_as_yara_walks_them():
    put("dir/one", b"abc")
    put("dir/two", b"abcabc")
    put("dir/below/three", b"abc")
    put("dir.yar", 'rule f { strings: $a = "abc" condition: $a }')
    os.symlink("one", "dir/link")
    os.symlink("..", "dir/below/up")
    os.symlink("below", "dir/linked")
    lines = lambda *w: sorted(ask(*w)[1].split("\n")[:-1])
    tap.same(lines("dir.yar", "dir"), ["f dir/link", "f dir/one", "f dir/two"])
    tap.same(lines("-r", "dir.yar", "dir"), ["f dir/below/three", "f dir/link", "f dir/linked/three", "f dir/one", "f dir/two"])
    tap.same(lines("-r", "-N", "-p", "1", "dir.yar", "dir"), ["f dir/below/three", "f dir/one", "f dir/two"])
    tap.same(lines("-c", "-N", "dir.yar", "dir"), ["dir/one: 1", "dir/two: 1"])
    tap.same(ask("-N", "-z", "6", "dir.yar", "dir")[1:], ("f dir/one\n", "skipping dir/two (6 bytes) because it's larger than 6 bytes.\n"))
    put("list", "dir/one\ndir/none\ndir/below\n")
    tap.same(ask("-p", "1", "--scan-list", "dir.yar", "list"),
             (0, "f dir/one\nf dir/below/three\n", "error scanning dir/none: could not open file\n"))
    tap.same(ask("--scan-list", "dir.yar", "dir"), (1, "", "error: cannot use a directory as scan list.\n"))


def a_process_is_scanned_by_its_number():
    secret = b"overt-" + b"yara-process-test"
    code = "import sys,time; kept = sys.stdin.buffer.read(); print('ready', flush=True); time.sleep(100)"
    put("p.yar", 'rule p { strings: $a = "overt-yara-process-test" condition: $a and not defined filesize }')
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(secret)
        process.stdin.close()
        process.stdout.readline()
        code, out, err = ask("-s", "p.yar", str(process.pid))
        tap.same((code, out.split("\n")[0], err), (0, "p %d" % process.pid, ""))
        assert ":$a: overt-yara-process-test" in out, out
    finally:
        process.kill()
        process.wait()
    tap.same(ask("p.yar", "999999999"), (1, "", "error scanning 999999999: can not attach to process (try running as root)\n"))


def rules_speak_and_know_the_time():
    put("m.yar", 'import "console" import "time" rule m { condition: console.log("n: ", 5) and time.now() >= %d }' % int(time.time()))
    code, out, err = ask("m.yar", "t")
    tap.same((code, out), (0, "n: 5\nm t\n"))
    assert err.startswith("note: t: rules asked for the time (") and err.count("\n") == 1, err
    tap.same(ask("-w", "-q", "m.yar", "t"), (0, "m t\n", ""))


def what_modules_say_is_printed_where_they_are_imported():
    put("d.yar", 'import "console" import "time"\nrule l { condition: console.log("first") }\nimport "elf" import "math"\n'
        'rule k { condition: console.log("second") and filesize > 0 }\n')
    code, out, _ = ask("-D", "d.yar", "t")
    tap.same(code, 0)
    lines = out.split("\n")
    tap.same([n for n in lines if not n.startswith("\t")],
             ["console", "time", "first", "elf", "math", "second", "l t", "k t", ""])
    tap.same(lines[4:8], ["\tdynsym", "\tdynsym_entries = YR_UNDEFINED", "\tsymtab", "\tsymtab_entries = YR_UNDEFINED"])
    with open(sys.executable, "rb") as file:
        put("elf", file.read(200_000))
    lines = ask("-D", "d.yar", "elf")[1].split("\n")
    for line in ("\tmachine = %d" % int.from_bytes(open("elf", "rb").read(20)[18:], "little"), "\tdynsym", "\tET_EXEC = 2",
                 "\t\t[0]", "\t\t\tflags = 4"):
        assert line in lines, line
    tap.same(ask("-q", "-D", "d.yar", "t")[1].count("first"), 0)
    put("only.yar", 'import "math"')
    tap.same(ask("-D", "only.yar", "t"), (0, "math\n\tMEAN_BYTES = 127.500000\n", ""))


def a_report_is_handed_over_to_cuckoo():
    put("report.json", '{"network":{"hosts":["1.2.3.4"],"http":[{"uri":"http://a/b","method":"POST","user-agent":"x"}],'
        '"tcp":[{"dst":"10.0.0.1","dport":80}],"domains":[{"ip":"1","domain":"evil.example"}],'
        '"dns":[{"ip":"1","hostname":"old.example"}]},"behavior":{"summary":{"keys":["HKLM\\\\Run"],"mutexes":["m\\u0031"]}}}')
    asked = ["network.host(/^1.2/)", "network.http_post(/b$/)", "network.http_get(/b$/)", "network.http_request(/a/)",
             "network.http_user_agent(/x/)", "network.tcp(/10/, 80)", "network.tcp(/10/, 81)", "network.udp(/10/, 80)",
             "network.dns_lookup(/evil/)", "network.dns_lookup(/old/)", "registry.key_access(/Run/i)",
             "filesystem.file_access(/./)", "sync.mutex(/^m1$/)"]
    put("c.yar", 'import "cuckoo"\n' + "\n".join("rule c%d { condition: cuckoo.%s }" % r for r in enumerate(asked)))
    code, out, err = ask("-w", "-x", "cuckoo=report.json", "c.yar", "t")
    tap.same((code, err), (0, ""))
    tap.same(out.split(), " ".join("c%d t" % n for n in (0, 1, 3, 4, 5, 8, 10, 12)).split())
    tap.same(ask("-w", "c.yar", "t"), (0, "", ""))
    put("broken.json", '{"network":[}')
    code, out, err = ask("-x", "cuckoo=broken.json", "c.yar", "t")
    tap.same((code, out), (1, ""))
    assert "the data for module cuckoo is of no use: no report: no value, at byte 12" in err, err
    tap.same(ask("-x", "cuckoo", "c.yar", "t"), (1, "", "error: wrong syntax for `-x` option.\n"))
    tap.same(ask("-x", "cuckoo=none", "c.yar", "t"), (1, "", 'error: could not open file "none".\n'))


def libmagic_says_what_a_file_is():
    put("g.yar", 'import "magic" import "console" rule g { condition: console.log(magic.type()) and '
        'magic.mime_type() == "image/gif" }')
    put("pic", b"GIF89a" + bytes([2, 0, 3, 0]) + bytes(20))
    if not os.path.exists("/usr/share/misc/magic.mgc"):
        print("# no database of libmagic here")
        return
    tap.same(ask("-w", "g.yar", "pic"), (0, "GIF image data, version 89a, 2 x 3\ng pic\n", ""))
    tap.same(ask("g.yar", "pic")[2], "note: pic: rules asked for data for modules\n")
    code, out, err = ask("-x", "magic=g.yar", "g.yar", "pic")
    tap.same((code, out), (1, ""))
    assert "the data for module magic is of no use" in err, err


def what_is_known_of_a_file_from_outside_reaches_local_rules():
    put("v.yar", 'rule v { condition: filename == "one" and filepath == "dir" and extension == "" }\n'
        'rule w { condition: filename == "r.yar" and extension == ".yar" and owner != "" }')
    tap.same(ask("v.yar", "t")[0], 1)  # not defined
    tap.same(ask("--file-variables", "v.yar", "dir/one"),
             (0, "v dir/one\n", "note: dir/one: rules asked for the file's name and owner\n"))
    tap.same(ask("-w", "--file-variables", "v.yar", "r.yar"), (0, "w r.yar\n", ""))


def what_cannot_be_looked_at_is_said():
    os.mkfifo("fifo")
    tap.same(ask("dir.yar", "fifo"), (1, "", "error scanning fifo: not a regular file\n"))
    put("many", b"a" * 1_000_000)
    put("many.yar", "rule m { strings: $a = /a{1,9}/ $b = /a/ condition: all of them }")
    code, _, err = ask("-w", "-s", "many.yar", "many")
    tap.same(code, 1)
    assert err.startswith("error scanning many: "), err


tap.run([every_part_of_a_rule_is_printed_as_yara_prints_it, rules_are_chosen_by_name_tag_and_the_opposite,
         a_long_match_is_cut_as_yara_cuts_it, a_lazy_dot_of_more_than_200_bytes_is_a_jump, xor_keys_are_told, problems_stand_on_standard_error_in_yaras_words,
         options_are_read_as_yara_reads_them, external_variables_have_types, compiled_rules_take_other_values,
         namespaces_and_includes, folders_are_walked_as_yara_walks_them, a_process_is_scanned_by_its_number,
         what_modules_say_is_printed_where_they_are_imported, a_report_is_handed_over_to_cuckoo,
         libmagic_says_what_a_file_is, rules_speak_and_know_the_time, what_is_known_of_a_file_from_outside_reaches_local_rules,
         what_cannot_be_looked_at_is_said])
