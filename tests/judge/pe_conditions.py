"""What the functions of the module pe come to, asked bit by bit."""

IMPORT = 'import "pe" import "math" import "hash" import "string"\n'
FUNCTIONS = """pe.is_dll() pe.is_32bit() pe.is_64bit() pe.calculate_checksum() pe.exports("dllmain") pe.exports(3)
pe.exports(/s/) pe.exports_index(/sec/) pe.exports_index(4) pe.exports_index("first") pe.imports("kernel32.dll")
pe.imports("KERNEL32.dll","exitprocess") pe.imports(/kernel/i,/e/) pe.imports(pe.IMPORT_ANY,"shell32.dll")
pe.imports(pe.IMPORT_DELAYED,/./,/./) pe.imports(pe.IMPORT_STANDARD,"ws2_32.dll",2) pe.imports("ws2_32.dll",1)
pe.import_rva("kernel32.dll","CreateFileA") pe.import_rva("ws2_32.dll",116) pe.delayed_import_rva("shell32.dll","x")
pe.locale(0x409) pe.language(7) pe.language(0) pe.section_index(".bss") pe.section_index(1100)
pe.rva_to_offset(0x1010) pe.rva_to_offset(0x3001) pe.rva_to_offset(0) pe.rich_signature.version(24215)
pe.rich_signature.toolid(147) pe.rich_signature.toolid(147,30729) pe.rich_signature.version(30729,147)
math.count(0) hash.crc32(0,filesize) hash.checksum32(pe.overlay.offset,pe.overlay.size)
string.length(pe.pdb_path) math.abs(pe.entry_point)""".split()
CONDITIONS = ['for any s in pe.sections : (s.name == ".text" and s.raw_data_size > 100)',
              'for any k, v in pe.version_info : (k contains "Name" and v icontains "o")',
              'for any i in pe.import_details : (for any f in i.functions : (f.name == "accept"))',
              'for all r in pe.resources : (r.length > 10)', 'for none s in pe.sections : (s.name == ".text")',
              'pe.version_info["CompanyName"] == "Nobody"', 'not defined pe.version_info["x"]',
              'pe.pdb_path endswith ".pdb"', 'pe.imphash() matches /^[0-7]/', 'pe.imphash() matches /[02468ace]$/',
              'math.entropy(pe.sections[0].raw_data_offset, pe.sections[0].raw_data_size) > 4.0',
              'hash.md5(pe.rich_signature.clear_data) matches /^[0-7]/', 'pe.is_pe == 0', 'not pe.is_dll()']
CONDITIONS += [f"defined {f}" for f in FUNCTIONS]
CONDITIONS += [f"{f} & {1 << bit} != 0" for f in FUNCTIONS for bit in range(0, 32, 2)]
SOURCE = IMPORT + "\n".join(f"rule r{i} {{ condition: {c} }}" for i, c in enumerate(CONDITIONS))
