import "pe"
import "nonsense"
rule uses_pe { condition: pe.number_of_sections > 1 and pe.sections[0].name == ".text" and pe.imports("a.dll", "b") }
rule uses_it_in_a_loop { condition: for any s in pe.sections : ( s.name == "x" and s.raw_data_size > 10 ) and for any k, v in pe.version_info : ( k == v ) }
rule not_imported { condition: math.entropy(0, filesize) > 7.5 }
rule independent { condition: true }
rule asks_uses_pe { condition: uses_pe }
rule no_structure { condition: ext_int.field or ext_text[1] or ext_bool() }
include "other.yar"
