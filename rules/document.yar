/* SPDX-License-Identifier: Apache-2.0 */
/* Office documents, RTF, PDF, shortcuts and notebooks that start something when opened. */

rule Office_Vba_AutoOpenShell
{
    meta:
        description = "Macro source that starts an encoded or downloaded program when the document opens"
        reasoning = "An automatic entry point, a process started, and either a download, a hidden PowerShell or text spelled in character codes. Business macros open on a button and start no shells."
        reference = "T1204.002, T1059.005"
        severity = "high"
        fixture = "vba_autoopen.bas"
    strings:
        $module = /Attribute[ \t]VB_Name[ \t]{0,2}=/
        $auto = /Sub[ \t]{1,4}(Auto_?Open|Document_Open|Workbook_Open|AutoExec|Auto_?Close|Document_Close)[ \t]{0,2}\(/ nocase
        $start = /(\bShell[ \t]{0,2}[\( ][ \t]{0,2}["'\w]|CreateObject[ \t]{0,2}\([ \t]{0,2}(["']WScript\.Shell|["']Shell\.Application|\w{1,30}[ \t]{0,2}\()|Win32_Process|ShellExecuteA?\b)/ nocase
        $fetch = /(URLDownloadToFile|powershell[^\r\n]{0,60}-(w|enc|e|nop)|MSXML2\.(Server)?XMLHTTP|WinHttpRequest)/ nocase
        $codes = /(Chrw?\$?[ \t]{0,2}\([ \t]{0,2}[0-9&hH+\- ]{2,12}\)[ \t]{0,2}[&+][ \t]{0,2}){8}/ nocase
    condition:
        filesize < 2MB and $module in (0..512) and $auto and $start and any of ($fetch, $codes)
}

rule Office_Ole_UrlDownload
{
    meta:
        description = "Binary Office document whose macro opens by itself and imports a download function"
        reasoning = "The macro storage, an automatic entry point and the import of URLDownloadToFile with its library, as they lie uncompressed in the project's name table."
        reference = "T1204.002, T1105"
        severity = "high"
        fixture = "ole_url_download.doc"
    strings:
        $project = "_VBA_PROJECT" wide
        $auto = /(Auto_?Open|Document_Open|Workbook_Open|AutoExec)/ nocase
        $import = /URLDownloadToFile[AW]?/
        $library = /urlmon/ nocase
    condition:
        uint32be(0) == 0xD0CF11E0 and filesize < 20MB and all of them
}

rule Office_Dde_Command
{
    meta:
        description = "Office document with a dynamic data exchange field that starts a command"
        reasoning = "A DDE field whose server is cmd, PowerShell or another interpreter runs it when the field is updated. Real fields name Excel or a data program."
        reference = "T1559.002"
        severity = "high"
        fixture = "office_dde.xml"
    strings:
        $field = /(w:instrText|w:instr=|w:fldSimple|<ddeLink)[^>]{0,80}/
        $command = /DDE(AUTO)?[ \t"\\&quot;]{1,12}[^<>]{0,120}(cmd(\.exe)?|powershell(\.exe)?|mshta(\.exe)?|rundll32|regsvr32|wscript)["'\\ \t&]/ nocase
        $link = /ddeService[ \t]{0,2}=[ \t]{0,2}"(cmd|powershell|mshta|rundll32|regsvr32)"/ nocase
    condition:
        filesize < 10MB and uint16be(0) == 0x3C3F and $field and any of ($command, $link)
}

rule Office_Csv_Command
{
    meta:
        description = "Table of text with a cell that starts an interpreter"
        reasoning = "A cell of the form =cmd|'...'!A1 with a download or an encoded command. Security guides show the form with the calculator."
        reference = "T1559.002"
        severity = "high"
        fixture = "csv_command.csv"
    strings:
        $cell = /[=+\-@](cmd(\.exe)?|powershell(\.exe)?|mshta(\.exe)?|msexcel|regsvr32|rundll32)\|'[^'\r\n]{0,200}(powershell|certutil|bitsadmin|mshta|https?:\/\/|-enc?[ \t])[^'\r\n]{0,400}'![A-Z]{1,3}[0-9]{1,5}/ nocase
    condition:
        filesize < 20MB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and uint8(0) != 0x3C and $cell and
        ($cell in (0..64) or #cell >= 3)
}

rule Office_Template_BareAddress
{
    meta:
        description = "Office document that loads its template from a bare network address"
        reasoning = "An attached template as an external target on an IP address brings macros in after the mail filter. Offices attach templates from named servers."
        reference = "T1221"
        severity = "high"
        fixture = "template_address.rels"
    strings:
        $relations = "schemas.openxmlformats.org/package/2006/relationships"
        $target = /Type="[^"]{10,120}\/attachedTemplate"[^>]{0,40}Target="(https?:\/\/|\\\\|file:\/{2,5})(([0-9]{1,3}\.){3}[0-9]{1,3}|0x[0-9a-f]{8}|[0-9]{8,10})[:\/\\@][^"]{0,200}"[^>]{0,40}TargetMode="External"/ nocase
    condition:
        filesize < 256KB and uint16be(0) == 0x3C3F and all of them
}

rule Office_Relation_HtmlObject
{
    meta:
        description = "Office document that loads an HTML object from the network"
        reasoning = "An external OLE object whose target is a page, marked with mhtml: or a trailing exclamation mark, is how two public exploits of the HTML engine were delivered; linked objects are documents."
        reference = "CVE-2021-40444, CVE-2022-30190"
        severity = "critical"
        fixture = "relation_html.rels"
    strings:
        $relations = "schemas.openxmlformats.org/package/2006/relationships"
        $object = /\/oleObject"[^>]{0,60}/
        $target = /Target="(mhtml:https?:\/\/[^"]{4,300}|https?:\/\/[^"]{4,300}\.html?!)"/ nocase
    condition:
        filesize < 256KB and uint16be(0) == 0x3C3F and all of them
}

rule Exploit_Html_DiagnosticHandler
{
    meta:
        description = "Page that starts the support diagnostic tool with commands"
        reasoning = "The ms-msdt: protocol with the parameter that is expanded as PowerShell. Support links name a package and no expression."
        reference = "CVE-2022-30190"
        severity = "critical"
        fixture = "diagnostic_handler.html"
    strings:
        $call = /ms-msdt:[ \t\/\-]{0,4}id[ \t]{1,4}PCWDiagnostic[^\r\n]{1,400}IT_BrowseForFile=[^\r\n]{0,200}\$\(/ nocase
    condition:
        filesize < 1MB and uint8(0) == 0x3C and $call
}

rule Rtf_Equation_Object
{
    meta:
        description = "RTF file that brings an equation editor object and has it loaded at once"
        reasoning = "Object data with the class of the abandoned equation editor and the word that updates objects on opening: the form of a long series of exploits. Real equations are pictures or fields."
        reference = "CVE-2017-11882, CVE-2018-0802"
        severity = "critical"
        fixture = "rtf_equation.rtf"
    strings:
        $data = "\\objdata"
        $update = /\\obj(update|autlink)/
        $name = "4571756174696f6e2e33" nocase
        $class = "02ce020000000000c000000000000046" nocase
    condition:
        uint32be(0) == 0x7B5C7274 and filesize < 20MB and $data and $update and any of ($name, $class)
}

rule Rtf_OddHeader_Object
{
    meta:
        description = "RTF file with a broken header and an object that loads itself"
        reasoning = "Word accepts any file that begins with {\\rt; writers always put {\\rtf1. A shortened or changed header together with object data and an update word is done to get past filters."
        reference = "T1027"
        severity = "high"
        fixture = "rtf_odd_header.rtf"
    strings:
        $data = "\\objdata"
        $update = /\\obj(update|autlink)/
    condition:
        uint32be(0) == 0x7B5C7274 and filesize < 20MB and
        not (uint8(4) == 0x66 and uint8(5) == 0x31) and all of them
}

rule Rtf_LinkedObject_Url
{
    meta:
        description = "RTF file that links an object from the network and updates it at once"
        reasoning = "A linked object in hex with an http address in sixteen-bit letters and an update word: the document fetches a script when it opens."
        reference = "CVE-2017-0199"
        severity = "critical"
        fixture = "rtf_linked_url.rtf"
    strings:
        $link = "4f4c45324c696e6b" nocase
        $url = "68007400740070003a002f002f00" nocase
        $urls = "680074007400700073003a002f002f00" nocase
        $update = /\\obj(update|autlink)/
    condition:
        uint32be(0) == 0x7B5C7274 and filesize < 20MB and $link and $update and any of ($url, $urls)
}

rule Lnk_PowerShell_Hidden
{
    meta:
        description = "Shortcut that starts PowerShell hidden, encoded or with a download"
        reasoning = "A shortcut whose arguments hide the window, carry an encoded command or invoke a download. Shortcuts to scripts name the script."
        reference = "T1204.002, T1059.001"
        severity = "high"
        fixture = "lnk_powershell.lnk"
    strings:
        $program = /p\x00o\x00w\x00e\x00r\x00s\x00h\x00e\x00l\x00l\x00/ nocase
        $hidden = /-w[a-z]{0,11} {1,2}hid/ nocase wide
        $encoded = /-e(nc?[a-z]{0,12}|c)? {1,2}[A-Za-z0-9+\/=]{60}/ nocase wide
        $fetch = /(DownloadString|DownloadFile|Invoke-Expression|Invoke-WebRequest|\biex\b|\birm\b|\biwr\b)/ nocase wide
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and filesize < 2MB and $program and
        any of ($hidden, $encoded, $fetch)
}

rule Lnk_Mshta_Address
{
    meta:
        description = "Shortcut that opens a network address with an interpreter"
        reasoning = "mshta, or a script host through cmd, with an address in a shortcut's arguments: a link in a mail becomes a program. Shortcuts to pages use the browser's own file type."
        reference = "T1204.002, T1218.005"
        severity = "high"
        fixture = "lnk_mshta.lnk"
    strings:
        $line = /(mshta|rundll32|regsvr32|wscript|certutil|bitsadmin|msiexec)(\.exe)?["']? {1,4}[^\r\n]{0,60}https?:\/\// nocase wide
        $program = /m\x00s\x00h\x00t\x00a\x00\.\x00e\x00x\x00e\x00/ nocase
        $address = /h\x00t\x00t\x00p\x00s?\x00?:\x00\/\x00\/\x00/
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and filesize < 2MB and ($line or ($program and $address))
}

rule Lnk_EmbeddedExecutable
{
    meta:
        description = "Shortcut with a program appended to it"
        reasoning = "A shortcut is one or two kilobytes. One that carries the message every Windows program has in its first bytes unpacks itself with the command in its arguments."
        reference = "T1027.009"
        severity = "high"
        fixture = "lnk_executable.lnk"
    strings:
        $stub = "This program cannot be run in DOS mode"
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and filesize > 4KB and $stub
}

rule Pdf_Launch_Command
{
    meta:
        description = "PDF that starts a command interpreter"
        reasoning = "A launch action whose file is cmd, PowerShell or a script host. Readers ask before they launch; the text that persuades the user follows in the same action."
        reference = "T1204.002"
        severity = "critical"
        fixture = "pdf_launch.pdf"
    strings:
        $launch = /\/S[ \t\r\n]{0,4}\/Launch\b/
        $program = /\/(F|Win)[ \t\r\n]{0,4}(<<[ \t\r\n]{0,4}\/F[ \t\r\n]{0,4})?\([^)\r\n]{0,60}(cmd|powershell|mshta|wscript|cscript|rundll32)(\.exe)?\)/ nocase
    condition:
        uint32be(0) == 0x25504446 and filesize < 50MB and all of them
}

rule Pdf_Script_HeapSpray
{
    meta:
        description = "PDF whose script fills memory with code"
        reasoning = "Script that runs on opening, unescape of sixteen-bit code units, and one of the calls whose bugs were attacked with it. Forms compute sums."
        reference = "T1203"
        severity = "critical"
        fixture = "pdf_heap_spray.pdf"
    strings:
        $script = /\/(JavaScript|JS)\b/
        $open = /\/(OpenAction|AA)\b/
        $spray = /unescape[ \t]{0,2}\([ \t]{0,2}["'](%u[0-9a-f]{4}){2,}/ nocase
        $call = /(util\.printf|Collab\.(getIcon|collectEmailInfo)|media\.newPlayer|spell\.customDictionaryOpen|getAnnots)[ \t]{0,2}\(/
    condition:
        uint32be(0) == 0x25504446 and filesize < 50MB and all of them
}

rule OneNote_EmbeddedScript
{
    meta:
        description = "OneNote section with an embedded script"
        reasoning = "A file object inside a notebook whose content creates the Windows shell object or starts PowerShell hidden. People embed documents, not scripts."
        reference = "T1204.002"
        severity = "high"
        fixture = "onenote_script.one"
    strings:
        $object = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC }
        $shell = /(CreateObject|ActiveXObject)[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Shell\.Application)/ nocase
        $command = /(powershell(\.exe)?[^\r\n]{0,80}-(w[a-z]{0,11} {1,2}h|enc?[a-z]{0,12} )|cmd(\.exe)? \/c[^\r\n]{0,60}(powershell|curl|certutil|mshta))/ nocase
    condition:
        uint32be(0) == 0xE4525C7B and uint32be(4) == 0x8CD8A74D and filesize < 50MB and $object and any of ($shell, $command)
}
