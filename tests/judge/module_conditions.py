"""What conditions over the modules that parse programs come to; those of `pe` bit by bit are in pe_conditions.py."""
import pe_conditions

CONDITIONS = {
    "pe": ["pe.is_pe", "pe.number_of_signatures > 0", "pe.is_signed", 'pe.imphash() matches /^[0-7]/',
           "for any s in pe.signatures : (s.verified)"],
    "elf": ["elf.telfhash() matches /[02468ace]$/", "defined elf.telfhash()", "elf.import_md5() matches /^[0-7]/",
            "defined elf.import_md5()", "for any s in elf.sections : (s.type == elf.SHT_STRTAB and s.size > 10)",
            "for any s in elf.symtab : (s.type == elf.STT_FUNC)", "for any d in elf.dynamic : (d.val > 1)",
            "for any s in elf.dynsym : (s.bind == elf.STB_GLOBAL)", "elf.entry_point > 1000",
            "for all s in elf.segments : (s.file_size > 1)"],
    "macho": ["macho.file_index_for_arch(macho.CPU_TYPE_X86_64) == 0", "defined macho.entry_point_for_arch(7)",
              "macho.file_index_for_arch(7, 3) >= 0", "macho.entry_point_for_arch(0x1000007, 3) > 0",
              "for any s in macho.segments : (s.nsects > 1)", "macho.entry_point > 100",
              "for any f in macho.file : (f.cputype == macho.CPU_TYPE_ARM64)"],
    "dotnet": ["dotnet.is_dotnet", "for any s in dotnet.streams : (s.name == \"#Strings\")",
               "for any c in dotnet.classes : (c.number_of_methods > 1)", "dotnet.number_of_guids > 0",
               "for any s in dotnet.user_strings : (s contains \"a\\x00\")"],
    "dex": ['dex.has_method("<init>")', 'dex.has_method(/a/)', 'dex.has_class("La;")', "dex.has_class(/L/)",
            'dex.has_method("a", "b")', "dex.has_method(/a/, /init/)", "dex.header.file_size > 100",
            "for any m in dex.method : (m.direct)"],
}


def source(module):
    """One rule, r0, r1 and so on, for each condition."""
    return "\n".join([f'import "{module}"', *(f"rule r{i} {{ condition: {c} }}" for i, c in enumerate(CONDITIONS[module]))])


def every(module):
    """The source with most to ask, and its conditions."""
    return (pe_conditions.SOURCE, pe_conditions.CONDITIONS) if module == "pe" else (source(module), CONDITIONS[module])
