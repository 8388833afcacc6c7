import "pe"
import "nonsense"
rule uses_pe { condition: pe.number_of_sections > 1 and pe.sections[0].name == ".text" and pe.imports("a.dll", "b") }
rule uses_it_in_a_loop { condition: for any s in pe.sections : ( s.name == "x" and s.raw_data_size > 10 ) and for any k, v in pe.version_info : ( k == v ) }
rule not_imported { condition: math.entropy(0, filesize) > 7.5 }
rule independent { condition: true }
rule asks_uses_pe { condition: uses_pe }
rule no_structure { condition: ext_int.field or ext_text[1] or ext_bool() }
include "other.yar"
import "dotnet"
import "math"
import "pe"
rule calls { condition: pe.imports(/a\.dll/i, /x|y/) and math.to_number(filesize > 3) == 1 and pe.rich_signature.version(1, 2) > 0 and pe.signatures[0].valid_on(3) }
rule nested { condition: for any c in dotnet.classes : ( for all m in c.methods : ( m.name != "a" or m.generic_parameters[0] == c.name ) ) }
rule entries { condition: pe.version_info["a" ] == "b" and pe.MACHINE_I386 == 0x14c and math.MEAN_BYTES > 1.0 }
rule wrong_1 { condition: pe.nothing }
rule wrong_2 { condition: pe }
rule wrong_3 { condition: pe.sections }
rule wrong_4 { condition: pe.sections.name == "a" }
rule wrong_5 { condition: pe.sections["a"].name == "a" }
rule wrong_6 { condition: pe.version_info[1] == "a" }
rule wrong_7 { condition: pe.machine[0] }
rule wrong_8 { condition: pe.machine() }
rule wrong_9 { condition: pe.imports(1.0) or pe.imports(/a/, "b") or pe.imports() }
rule wrong_10 { condition: pe.imports }
rule wrong_11 { condition: for any s in pe.machine : ( true ) }
rule wrong_12 { condition: for any k in pe.version_info : ( true ) }
rule wrong_13 { condition: for any k, v in pe.sections : ( true ) }
rule wrong_14 { condition: for any a, b, c in pe.version_info : ( true ) }
rule wrong_15 { condition: for any s in pe.sections : ( s ) }
rule wrong_16 { condition: for any s in pe.sections : ( s.nothing == 1 ) }
rule wrong_17 { condition: defined pe.sections[0] or pe.sections[0] == 1 }
rule wrong_18 { condition: pe.machine matches /a/ or pe.pdb_path contains 1 or math.in_range(1, 2, 3) }
rule pe { condition: true }
rule wrong_19 { condition: pe == 1 }
