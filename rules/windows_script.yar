/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts of the Windows Script Host, HTML applications, batch files and the like that arrive by
 * mail or drive-by and fetch or unpack something worse. */

rule Script_JS_DownloadAndRun
{
    meta:
        description = "JScript file that downloads a program, saves it and runs it"
        reasoning = "An HTTP object, a binary stream saved to a file and a shell that runs it, in one small script without a page around it. Build scripts read and write text; they do not save downloads and start them."
        reference = "T1059.007, T1105"
        severity = "high"
        fixture = "script_js_download.js"
    strings:
        $http = /(new[ \t]{1,4}ActiveXObject|CreateObject)[ \t]{0,2}\([ \t]{0,2}["'](MSXML2\.(Server)?XMLHTTP|Microsoft\.XMLHTTP|WinHttp\.WinHttpRequest)/ nocase
        $stream = /(new[ \t]{1,4}ActiveXObject|CreateObject)[ \t]{0,2}\([ \t]{0,2}["']ADODB\.Stream/ nocase
        $shell = /(new[ \t]{1,4}ActiveXObject|CreateObject)[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Shell\.Application)/ nocase
        $save = /\.SaveToFile[ \t(]/ nocase
        $run = /\.(Run|Exec|ShellExecute)[ \t]{0,2}\(/ nocase
        $new = /new[ \t]{1,4}ActiveXObject/
    condition:
        filesize < 200KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Script_VBS_DownloadAndRun
{
    meta:
        description = "VBScript file that downloads a program, saves it and runs it"
        reasoning = "CreateObject of an HTTP client, of a binary stream and of the shell, the response body saved and started: a dropper. Administration scripts copy from shares and log."
        reference = "T1059.005, T1105"
        severity = "high"
        fixture = "script_vbs_download.vbs"
    strings:
        $http = /Set[ \t]{1,4}\w{1,40}[ \t]{0,4}=[ \t]{0,4}(WScript\.)?CreateObject[ \t]{0,2}\([ \t]{0,2}["'](MSXML2\.(Server)?XMLHTTP|Microsoft\.XMLHTTP|WinHttp\.WinHttpRequest)/ nocase
        $stream = /CreateObject[ \t]{0,2}\([ \t]{0,2}["']ADODB\.Stream/ nocase
        $shell = /CreateObject[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Shell\.Application)/ nocase
        $save = /\.SaveToFile[ \t(]/ nocase
        $body = /\.responseBody/ nocase
        $run = /\.(Run|Exec|ShellExecute)[ \t(]/ nocase
    condition:
        filesize < 200KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Script_JS_EvalUnescape
{
    meta:
        description = "Script that evaluates a long percent-encoded text"
        reasoning = "eval(unescape()) over sixty or more escaped bytes hides plain letters that need no escape. Page code escapes single characters and does not evaluate them."
        reference = "T1027"
        severity = "medium"
        fixture = "script_js_unescape.js"
    strings:
        $call = /eval[ \t]{0,4}\([ \t]{0,4}(unescape|decodeURIComponent|decodeURI)[ \t]{0,4}\([ \t]{0,4}["'](%[0-9a-f]{2}){60}/ nocase
    condition:
        filesize < 1MB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and $call
}

rule Script_JS_EvalCharCodes
{
    meta:
        description = "Script that evaluates a long list of character codes"
        reasoning = "eval() or Function() over forty or more numeric character codes: plain program text made unreadable. Libraries use character codes for a few symbols, outside eval."
        reference = "T1027"
        severity = "medium"
        fixture = "script_js_charcodes.js"
    strings:
        $call = /(\beval|\bFunction|setTimeout)[ \t]{0,4}\([ \t]{0,4}(window\.)?String\.fromCharCode[ \t]{0,4}\([ \t]{0,4}((0x)?[0-9a-f]{2,3}[ \t]{0,2},[ \t]{0,2}){40}/ nocase
    condition:
        filesize < 2MB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and $call
}

rule Script_JS_DecodedShellObject
{
    meta:
        description = "JScript that decodes text and passes it to the Windows shell object"
        reasoning = "Script Host objects and a decoder of Base64 or character codes feeding eval, in a script for Windows alone. Browser code has no shell object; administration code is not encoded."
        reference = "T1059.007, T1027"
        severity = "high"
        fixture = "script_js_shell_object.js"
    strings:
        $object = /(new[ \t]{1,4}ActiveXObject[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Scripting\.FileSystemObject)|WScript\[["'])/ nocase
        $decode = /(String\.fromCharCode[ \t]{0,2}\(|bin\.base64|\batob[ \t]{0,2}\(|parseInt[ \t]{0,2}\([^\r\n;]{1,40}\^)/
        $eval = /\b(eval|Function)[ \t]{0,2}\([ \t]{0,2}(\w{1,30}[ \t]{0,2}\(|atob|unescape|String\.fromCharCode)/
        $run = /\.(Run|Exec|ShellExecute)[ \t]{0,2}\([ \t]{0,2}\w/
    condition:
        filesize < 2MB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Script_VBS_ExecuteChr
{
    meta:
        description = "VBScript that executes text built from character codes"
        reasoning = "Execute or ExecuteGlobal over twenty or more Chr() calls in a row. A script uses Chr for quotes and line ends, two or three at a time."
        reference = "T1027, T1059.005"
        severity = "high"
        fixture = "script_vbs_chr.vbs"
    strings:
        $chain = /(chrw?[ \t]{0,2}\([ \t]{0,2}(&h)?[0-9a-f+\-* ()\/]{2,24}\)[ \t]{0,4}&[ \t]{0,4}(_[ \t]{0,2}\r?\n[ \t]{0,8})?){20}/ nocase
        $execute = /\b(execute|executeglobal|eval)[ \t]{0,4}\(?[ \t]{0,4}(\w{1,30}[ \t]{0,4}\(|chrw?[ \t]{0,2}\(|\w{1,30}[ \t]{0,4}\)?[ \t]{0,4}[\r\n])/ nocase
    condition:
        filesize < 1MB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Script_HTA_HiddenCommand
{
    meta:
        description = "HTML application that runs a hidden command and closes itself"
        reasoning = "A script in an HTML application that starts PowerShell, cmd or mshta without a window and then closes: no user interface, the only thing an HTML application is for."
        reference = "T1218.005"
        severity = "high"
        fixture = "script_hta.hta"
    strings:
        $page = /<(hta:application|script[ \t]{1,4}(language|type)[ \t]{0,2}=[ \t]{0,2}["']?(text\/)?(vbscript|jscript|javascript))/ nocase
        $shell = /(CreateObject|ActiveXObject)[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Shell\.Application|WbemScripting)/ nocase
        $command = /(\.Run|\.Exec|\.ShellExecute|\.Create)[ \t(]{1,4}["'][^"'\r\n]{0,40}(powershell|cmd(\.exe)?[ \t]{1,2}\/c|mshta|rundll32|regsvr32|certutil)/ nocase
        $close = /((window|self)\.close[ \t]{0,2}(\(\))?|\bclose[ \t]{0,2}\(\))/ nocase
    condition:
        filesize < 1MB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Script_Batch_SubstringChain
{
    meta:
        description = "Batch file whose commands are cut letter by letter from a variable"
        reasoning = "Twelve or more %name:~n,1% in one file, joined without a break: commands spelled from a shuffled alphabet. Batch files cut dates and paths, one or two at a time."
        reference = "T1027"
        severity = "high"
        fixture = "script_batch_substring.bat"
    strings:
        $chain = /,1%%\w{1,16}:~-?[0-9]{1,3},1%%\w{1,16}:~-?[0-9]{1,3},1%%\w{1,16}:~/
        $piece = ",1%%"
    condition:
        filesize < 2MB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and $chain and #piece >= 10
}

rule Script_Batch_CertutilSelf
{
    meta:
        description = "Batch file that decodes itself or a text beside it and runs the result"
        reasoning = "certutil -decode applied to the batch file's own name or to a text just echoed, and the result started: a program smuggled as text."
        reference = "T1140"
        severity = "high"
        fixture = "script_batch_certutil.bat"
    strings:
        $self = /certutil(\.exe)?[ \t]{1,4}(-f[ \t]{1,4})?-decode(hex)?[ \t]{1,4}(-f[ \t]{1,4})?["']?(%~f?0|%0|%~dpnx0)["']?[ \t]{1,4}["']?[^\r\n"]{1,80}\.(exe|dll|vbs|ps1|bat|js|scr|com)/ nocase
        $text = /certutil(\.exe)?[ \t]{1,4}(-f[ \t]{1,4})?-decode(hex)?[ \t]{1,4}(-f[ \t]{1,4})?["']?%(temp|tmp|appdata|public)%\\[^\r\n"]{1,60}["']?[ \t]{1,4}["']?%(temp|tmp|appdata|public)%\\[^\r\n"]{1,60}\.(exe|dll|vbs|ps1|bat|js|scr|com)/ nocase
        $run = /(start[ \t]{1,4}|call[ \t]{1,4}|rundll32|wscript|cscript|powershell|regsvr32)/ nocase
    condition:
        filesize < 8MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and any of ($self, $text) and $run
}

rule Script_Scriptlet_Shell
{
    meta:
        description = "COM scriptlet that runs a command when it is registered"
        reasoning = "A scriptlet's registration block with a script that starts a program through the shell object: the file regsvr32 is told to fetch. Scriptlets define methods; they run nothing on registration."
        reference = "T1218.010"
        severity = "high"
        fixture = "scriptlet_shell.sct"
    strings:
        $scriptlet = /<scriptlet>/ nocase
        $registration = /<registration\b[^>]{0,400}(progid|classid)[ \t]{0,2}=/ nocase
        $shell = /(ActiveXObject|CreateObject)[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Shell\.Application)["'][ \t]{0,2}\)[ \t]{0,2}(\.|;|\r|\n)/ nocase
        $run = /\.(Run|Exec|ShellExecute)[ \t]{0,2}[\( ][ \t]{0,2}["'\w]/ nocase
    condition:
        filesize < 200KB and uint8(0) != 0x7F and $scriptlet in (0..1024) and all of them
}

rule Script_Xsl_Shell
{
    meta:
        description = "Style sheet that runs a command"
        reasoning = "An XSL transformation with embedded script that makes the shell object and runs a program; style sheets format, and extensions compute."
        reference = "T1220"
        severity = "high"
        fixture = "xsl_shell.xsl"
    strings:
        $sheet = /<(xsl:)?stylesheet\b/ nocase
        $script = /<(ms|msxsl|user):script\b[^>]{0,120}(language|implements-prefix)/ nocase
        $shell = /ActiveXObject[ \t]{0,2}\([ \t]{0,2}["'](WScript\.Shell|Shell\.Application)/ nocase
        $run = /\.(Run|Exec|ShellExecute)[ \t]{0,2}\([ \t]{0,2}["'\w]/ nocase
    condition:
        filesize < 200KB and uint8(0) == 0x3C and all of them
}

rule Script_MSBuild_InlineShellcode
{
    meta:
        description = "Build project whose inline task loads machine code"
        reasoning = "A project file with a code task that imports memory and thread functions from kernel32: a build tool used as a trusted loader. Inline tasks edit files and versions."
        reference = "T1127.001"
        severity = "critical"
        fixture = "msbuild_inline.csproj"
    strings:
        $project = /<Project\b[^>]{0,200}schemas\.microsoft\.com\/developer\/msbuild/
        $factory = /TaskFactory[ \t]{0,2}=[ \t]{0,2}"(RoslynCodeTaskFactory|CodeTaskFactory)"/
        $import = /DllImport[ \t]{0,2}\([ \t]{0,2}"(kernel32|ntdll)/ nocase
        $memory = /(VirtualAlloc|VirtualProtect|NtAllocateVirtualMemory)/
        $thread = /(CreateThread|CreateRemoteThread|QueueUserAPC|EnumSystemLocalesA)/
    condition:
        filesize < 4MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint16be(0) != 0x2320 and all of them
}
