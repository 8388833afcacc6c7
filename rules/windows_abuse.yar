/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that turn the tools of Windows against it: downloads and execution through signed
 * programs, elevation, persistence, and the removal of defences. Every rule wants a script or
 * registry file, since knowledge bases and detection rules name all of these commands. */

rule Lolbin_Regsvr32_RemoteScriptlet
{
    meta:
        description = "Command that registers a scriptlet from the network"
        reasoning = "regsvr32 with /i:http and scrobj.dll runs a remote script under a signed program. Registration is for local libraries."
        reference = "T1218.010"
        severity = "high"
        fixture = "regsvr32_remote.bat"
    strings:
        $line = /regsvr32(\.exe)?["']?[ \t]{1,4}([\/-][a-z]{1,2}[ \t]{1,4}){0,4}[\/-]i:["']?https?:\/\/[^\r\n \t"']{4,200}["']?[ \t]{1,4}([\/-][a-z]{1,2}[ \t]{1,4}){0,4}scrobj(\.dll)?/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $line and
        ($line in (0..400) or uint8(0) == 0x40 or uint16(0) == 0x5A4D)
}

rule Lolbin_Mshta_InlineScript
{
    meta:
        description = "Command that passes script text to mshta"
        reasoning = "mshta with a vbscript: or javascript: argument that creates the shell object or fetches an object runs code without a file."
        reference = "T1218.005"
        severity = "high"
        fixture = "mshta_inline.bat"
    strings:
        $line = /mshta(\.exe)?["']?[ \t]{1,4}["']{0,2}(vbscript|javascript):[^\r\n]{0,200}(CreateObject|ActiveXObject|GetObject)[ \t]{0,2}\([^\r\n]{0,12}(WScript\.Shell|script:http|Shell\.Application)/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $line and
        ($line in (0..400) or uint8(0) == 0x40 or uint16(0) == 0x5A4D)
}

rule Lolbin_Rundll32_Javascript
{
    meta:
        description = "Command that makes rundll32 run script through the HTML engine"
        reasoning = "rundll32 with a javascript: path that ends in the HTML engine's RunHTMLApplication is an execution trick and nothing else."
        reference = "T1218.011"
        severity = "critical"
        fixture = "rundll32_javascript.bat"
    strings:
        $line = /rundll32(\.exe)?["']?[ \t]{1,4}["']{0,2}javascript:["'\\\/.]{1,12}mshtml[.\\,a-z ]{1,12}RunHTMLApplication[^\r\n]{0,300}(eval|GetObject|ActiveXObject|document\.write)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $line and
        ($line in (0..400) or uint8(0) == 0x40 or uint16(0) == 0x5A4D or uint32be(0) == 0x57696E64)
}

rule Lolbin_Certutil_DownloadRun
{
    meta:
        description = "Script that downloads a program with certutil and starts it"
        reasoning = "The certificate tool used as a downloader, the result saved as a program in a temporary or public folder and started: avoids the tools that are watched."
        reference = "T1105"
        severity = "high"
        fixture = "certutil_download.bat"
    strings:
        $line = /certutil(\.exe)?["']?[ \t]{1,4}[^\r\n]{0,40}[-\/](urlcache|verifyctl)[ \t]{1,4}[^\r\n]{0,40}https?:\/\/[^\r\n \t"']{4,200}["']?[ \t]{1,4}["']?(%(temp|tmp|appdata|public|programdata)%|c:\\(users\\public|windows\\temp|programdata|temp))\\[^\r\n"&]{1,60}\.(exe|dll|bat|ps1|vbs|scr)[^\r\n]{0,8}(&{1,2}|[\r\n])/ nocase
        $start = /(start|call|rundll32(\.exe)?|regsvr32(\.exe)?|cmd(\.exe)?[ \t]{1,2}\/c|&&?)[ \t]{1,4}[^\r\n]{0,24}(%(temp|tmp|appdata|public|programdata)%|c:\\(users\\public|windows\\temp|programdata|temp))\\/ nocase
    condition:
        filesize < 64KB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and uint8(0) != 0x3C and all of them
}

rule Lolbin_Bitsadmin_DownloadRun
{
    meta:
        description = "Script that downloads a program as a transfer job and starts it"
        reasoning = "bitsadmin /transfer of a program from the network to a temporary folder and the program started in the same script. Updates use the service by interface."
        reference = "T1197"
        severity = "high"
        fixture = "bitsadmin_download.bat"
    strings:
        $line = /bitsadmin(\.exe)?["']?[ \t]{1,4}\/transfer[ \t]{1,4}[^\r\n]{1,80}https?:\/\/[^\r\n \t"']{4,200}["']?[ \t]{1,4}["']?(%(temp|tmp|appdata|public|programdata)%|c:\\(users\\public|windows\\temp|programdata|temp))\\[^\r\n"&]{1,60}\.(exe|dll|bat|ps1|vbs|scr)/ nocase
        $start = /(start|call|rundll32(\.exe)?|regsvr32(\.exe)?|cmd(\.exe)?[ \t]{1,2}\/c|&&?)[ \t]{1,4}[^\r\n]{0,24}(%(temp|tmp|appdata|public|programdata)%|c:\\(users\\public|windows\\temp|programdata|temp))\\/ nocase
    condition:
        filesize < 64KB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and uint8(0) != 0x3C and all of them
}

rule Uac_Bypass_SettingsHandler
{
    meta:
        description = "Script that takes over a settings protocol handler to gain elevation"
        reasoning = "A command under the user's own ms-settings class with an empty DelegateExecute, and the self-elevating program that reads it. No software registers that class for a user."
        reference = "T1548.002"
        severity = "critical"
        fixture = "uac_settings.ps1"
    strings:
        $class = /Software\\Classes\\ms-settings\\shell\\open\\command/ nocase
        $delegate = /DelegateExecute/ nocase
        $program = /(fodhelper|computerdefaults)(\.exe)?/ nocase
        $write = /(reg(\.exe)?[ \t]{1,4}add|New-Item(Property)?[ \t]|Set-ItemProperty[ \t]|RegSetValueEx|RegWrite)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint8(0) != 0x3C and all of them and
        (uint8(0) == 0x40 or uint16(0) == 0x5A4D or $write in (0..1024))
}

rule Uac_Bypass_EventViewer
{
    meta:
        description = "Script that takes over the console file class to gain elevation"
        reasoning = "A command under the user's own mscfile class read by the self-elevating event viewer. Console files are never re-registered per user."
        reference = "T1548.002"
        severity = "critical"
        fixture = "uac_eventviewer.bat"
    strings:
        $class = /Software\\Classes\\mscfile\\shell\\open\\command/ nocase
        $program = /(eventvwr|compmgmtlauncher)(\.exe|\.msc)?/ nocase
        $write = /(reg(\.exe)?[ \t]{1,4}add|New-Item(Property)?[ \t]|Set-ItemProperty[ \t]|RegSetValueEx|RegWrite)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint8(0) != 0x3C and all of them and
        (uint8(0) == 0x40 or uint16(0) == 0x5A4D or $write in (0..1024))
}

rule Persistence_RunKey_HiddenScript
{
    meta:
        description = "Script that puts a hidden script host into the Run key"
        reasoning = "A Run value that starts PowerShell hidden or encoded, mshta with an address, or a script from a temporary folder, so that nothing on disk looks like a program."
        reference = "T1547.001"
        severity = "high"
        fixture = "runkey_hidden.bat"
    strings:
        $add = /(reg(\.exe)?[ \t]{1,4}add|New-ItemProperty|Set-ItemProperty|RegWrite)[ \t(]{1,4}[^\r\n]{0,80}CurrentVersion\\Run(Once)?\b[^\r\n]{0,160}(powershell(\.exe)?[^\r\n]{0,60}[ \t]-(w[a-z]{0,11}[ \t]{1,4}h|enc?[a-z]{0,12}[ \t])|mshta(\.exe)?[ \t]{1,4}["'\\]{0,3}(https?:|vbscript:|javascript:)|wscript(\.exe)?[^\r\n]{0,40}(%temp%|%appdata%|\\Users\\Public))/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $add and
        (uint8(0) == 0x40 or uint16(0) == 0x5A4D or filesize < 8KB)
}

rule Persistence_Wmi_Subscription
{
    meta:
        description = "Script that subscribes a hidden command to a WMI event"
        reasoning = "Filter, consumer and binding made by one script, the consumer starting a shell: code that runs without a file or a visible entry. Management suites install theirs as compiled classes."
        reference = "T1546.003"
        severity = "critical"
        fixture = "wmi_subscription.ps1"
    strings:
        $filter = /__EventFilter/ nocase
        $binding = /__FilterToConsumerBinding/ nocase
        $consumer = /(CommandLineEventConsumer|ActiveScriptEventConsumer)/ nocase
        $query = /SELECT[ \t]{1,4}\*[ \t]{1,4}FROM[ \t]{1,4}__Instance(Modification|Creation)Event/ nocase
        $command = /(CommandLineTemplate|ScriptText)["' \t=;]{1,8}[^\r\n]{0,80}(powershell|cmd(\.exe)?[ \t]{1,2}\/c|wscript|mshta|rundll32|\$\w{1,20})/ nocase
        $create = /(Set-WmiInstance|New-CimInstance|\.Put\(\)|\.Put_\(|instance of)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and uint8(0) != 0x3C and all of them
}

rule Persistence_Schtasks_HiddenScript
{
    meta:
        description = "Script that schedules a hidden script host"
        reasoning = "A scheduled task whose program is PowerShell hidden or encoded, mshta with an address, or a script in a public folder. Software schedules its own program by path."
        reference = "T1053.005"
        severity = "high"
        fixture = "schtasks_hidden.bat"
    strings:
        $create = /schtasks(\.exe)?["']?[ \t]{1,4}[^\r\n]{0,80}\/create[ \t]{1,4}[^\r\n]{0,120}\/tr[ \t]{1,4}["'\\]{0,3}[^\r\n]{0,40}(powershell(\.exe)?[^\r\n]{0,60}[ \t]-(w[a-z]{0,11}[ \t]{1,4}h|enc?[a-z]{0,12}[ \t])|mshta(\.exe)?[ \t]{1,4}["'\\]{0,3}(https?:|vbscript:|javascript:)|wscript(\.exe)?[^\r\n]{0,40}(%temp%|%appdata%|\\Users\\Public))/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $create and
        (uint8(0) == 0x40 or uint16(0) == 0x5A4D or filesize < 8KB)
}

rule Persistence_Com_Hijack
{
    meta:
        description = "Registry file or script that points a user's COM class at a library in a writable folder"
        reasoning = "An InprocServer32 under the user's own classes with a library in a temporary, public or roaming folder is loaded in place of the system's. Per-user software installs under its own folder in Local."
        reference = "T1546.015"
        severity = "high"
        fixture = "com_hijack.reg"
    strings:
        $key = /(HKEY_CURRENT_USER|HKCU:?)\\Software\\Classes\\(Wow6432Node\\)?CLSID\\\{[0-9a-f\-]{36}\}\\InprocServer32[^\r\n]{0,60}(\r?\n[ \t]{0,8}@=|[ \t][^\r\n]{0,40}\/d[ \t]|[^\r\n]{0,40}-Value[ \t])["' \t]{0,4}[^\r\n]{0,40}(%temp%|\\{1,2}Temp\\{1,2}|%appdata%|AppData\\{1,2}Roaming\\{1,2}|Users\\{1,2}Public\\{1,2}|ProgramData\\{1,2})[^\r\n"]{1,80}\.(dll|ocx|dat|tmp)/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $key
}

rule Backdoor_Accessibility_Debugger
{
    meta:
        description = "Script that replaces a log-on screen helper with a command prompt"
        reasoning = "A debugger registered for sethc, utilman or their kin that is cmd.exe or PowerShell gives a system prompt before log-on. Debuggers are registered for programs under development."
        reference = "T1546.008, T1546.012"
        severity = "critical"
        fixture = "accessibility_debugger.bat"
    strings:
        $line = /Image File Execution Options\\(sethc|utilman|osk|magnify|narrator|displayswitch|atbroker)\.exe["'\]]?[^\r\n]{0,60}(\r?\n)?["']?[^\r\n]{0,12}Debugger["']?[^\r\n]{0,60}(cmd|powershell)(\.exe)?/ nocase
        $write = /(reg(\.exe)?[ \t]{1,4}add|New-ItemProperty|Set-ItemProperty|Windows Registry Editor|REGEDIT4|RegWrite)/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint8(0) != 0x3C and $line and $write and
        (uint8(0) == 0x40 or uint16(0) == 0x5A4D or $write in (0..64))
}

rule Worm_Autorun_Inf
{
    meta:
        description = "Autorun file that starts a script or a hidden program from a recycle folder"
        reasoning = "An [autorun] section whose command lies in a recycle folder or is a script host with a script. Discs open a named setup program."
        reference = "T1091"
        severity = "high"
        fixture = "autorun.inf"
    strings:
        $section = /\[autorun\]/ nocase
        $command = /(open|shellexecute|shell\\\w{1,20}\\command)[ \t]{0,2}=[ \t]{0,2}[^\r\n]{0,40}(RECYCLE[RD]?\\|\$RECYCLE\.BIN\\|\\S-1-5-21|wscript(\.exe)?[ \t][^\r\n]{0,60}\.(vbs|vbe|js)|\.(pif|scr)\b)/ nocase
    condition:
        filesize < 16KB and $section in (0..256) and $command
}

rule Worm_Script_ShortcutSpreader
{
    meta:
        description = "Script that hides files on removable drives and puts shortcuts to itself in their place"
        reasoning = "Removable drives enumerated, attributes set to hidden, and shortcuts made whose target is the script host with the script: a worm. Backup scripts enumerate drives and hide nothing."
        reference = "T1091"
        severity = "high"
        fixture = "shortcut_spreader.vbs"
    strings:
        $drive = /\.DriveType[ \t]{0,4}(=|==)[ \t]{0,4}[12]\b/ nocase
        $hide = /\.Attributes[ \t]{0,4}=[ \t]{0,4}(2|[0-9\w.+ \t]{1,20}\+[ \t]{0,2}2|4|6|7|39)\b/ nocase
        $shortcut = /\.CreateShortcut[ \t]{0,2}\(/ nocase
        $target = /\.(TargetPath|Arguments)[ \t]{0,4}=[ \t]{0,4}[^\r\n]{0,60}(cmd(\.exe)?|wscript(\.exe)?|\/c[ \t]{1,2}start)/ nocase
        $self = /WScript\.ScriptFullName/ nocase
    condition:
        filesize < 512KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Defender_Registry_Disable
{
    meta:
        description = "Script or registry file that disables the Windows antivirus by policy"
        reasoning = "Three or more of the policies that switch protection off, set to one. An administrator who replaces the product sets a single one, through group policy."
        reference = "T1562.001"
        severity = "high"
        fixture = "defender_registry.bat"
    strings:
        $key = /(SOFTWARE\\(Policies\\)?Microsoft\\Windows Defender)/ nocase
        $value = /(DisableAntiSpyware|DisableAntiVirus|DisableRealtimeMonitoring|DisableBehaviorMonitoring|DisableOnAccessProtection|DisableScanOnRealtimeEnable|DisableIOAVProtection|DisableRoutinelyTakingAction)["']?[^\r\n]{0,40}(\/d[ \t]{1,4}["']?1|=[ \t]{0,2}dword:0{7}1|-Value[ \t]{1,4}1)/ nocase
    condition:
        filesize < 256KB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and uint8(0) != 0x3C and $key and #value >= 3
}

rule AntiForensics_Script_EventLogClear
{
    meta:
        description = "Windows script that clears the security log with others and its own traces"
        reasoning = "The security log and at least one other cleared, and the change journal, the prefetch folder or the script itself deleted. Maintenance archives logs first."
        reference = "T1070.001"
        severity = "high"
        fixture = "eventlog_clear.bat"
    strings:
        $security = /(wevtutil(\.exe)?[ \t]{1,4}(cl|clear-log)[ \t]{1,4}["']?security|Clear-EventLog[ \t]{1,4}[^\r\n]{0,40}security)/ nocase
        $other = /(wevtutil(\.exe)?[ \t]{1,4}(cl|clear-log)[ \t]{1,4}["']?(system|application|setup|windows powershell|microsoft-)|Clear-EventLog[ \t]{1,4}[^\r\n]{0,40}(system|application))/ nocase
        $traces = /(fsutil(\.exe)?[ \t]{1,4}usn[ \t]{1,4}deletejournal|del[ \t]{1,4}[^\r\n]{0,40}(\\Prefetch|%~?f?0\b|\\Recent)|cipher(\.exe)?[ \t]{1,4}\/w:)/ nocase
    condition:
        filesize < 64KB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and uint8(0) != 0x3C and all of them
}
