/* SPDX-License-Identifier: Apache-2.0 */
/* Ransom notes and the commands that prepare extortion. Articles quote both; a note is recognised by
 * the number of its phrases in a short text with a way to pay or write, commands by their script. */

rule Ransom_Note_Onion
{
    meta:
        description = "Ransom note that sends its victim to a hidden service"
        reasoning = "A short text with a complete onion address and at least three of the sentences by which extortionists steer victims. Reports cut addresses or are longer."
        reference = "T1486"
        severity = "high"
        fixture = "ransom_note_onion.txt"
    strings:
        $onion = /\b[a-z2-7]{16}([a-z2-7]{40})?\.onion\b/
        $encrypted = /(all[ \t]{1,3}(of[ \t]{1,3})?)?your[ \t]{1,3}(important[ \t]{1,3})?(files|documents|data|network|servers|company network)[^\r\n.]{0,60}(are|were|was|is|have been|has been)[ \t]{1,3}(encrypted|locked|stolen)/ nocase
        $rename = /(do[ \t]{1,3}not|don'?t|never)[ \t]{1,3}(try to[ \t]{1,3})?(rename|modify|move|change|shutdown|delete)[^\r\n]{0,40}(files|encrypted|readme|computer)/ nocase
        $third = /(third[ -]party|3rd[ -]party|recovery (software|compan)|antivirus)[^\r\n]{0,80}(damage|corrupt|loss|lost|destroy|impossible)/ nocase
        $free = /(decrypt|recover|restore)[^\r\n]{0,60}(for free|free of charge|free decryption|as a (guarantee|proof))/ nocase
        $tor = /(download|install|use|open)[^\r\n]{0,40}Tor[ \t]{1,3}Browser/ nocase
        $publish = /(publish|leak|sell|disclos)[^\r\n]{0,80}(data|files|information|documents)/ nocase
        $key = /(private|decryption|unique)[ \t]{1,3}(key|tool|software)/ nocase
    condition:
        filesize < 16KB and uint16be(0) != 0x2320 and uint16be(0) != 0x2321 and $onion and $encrypted and
        3 of ($rename, $third, $free, $tor, $publish, $key)
}

rule Ransom_Note_Mail
{
    meta:
        description = "Ransom note that asks its victim to write to a free mail address"
        reasoning = "A short text that says the files are encrypted, names an address at an anonymous mail provider and a personal number, and warns against other help."
        reference = "T1486"
        severity = "high"
        fixture = "ransom_note_mail.txt"
    strings:
        $mail = /[a-z0-9._\-]{2,40}@(protonmail|proton|tutanota|tuta|onionmail|cock|mailfence|aol|airmail|firemail|keemail|tutamail|msgsafe|mail2tor|ctemplar)\.(com|ch|me|org|li|io|de|cc)/ nocase
        $encrypted = /your[ \t]{1,3}(important[ \t]{1,3})?(files|documents|data|network|servers|company network)[^\r\n.]{0,60}(are|were|was|is|have been|has been)[ \t]{1,3}(encrypted|locked|stolen)/ nocase
        $id = /(your[ \t]{1,3}(personal[ \t]{1,3})?id|personal[ \t]{1,3}(id|identifier)|key[ \t]{1,3}identifier|unique id)[^\r\n]{0,40}/ nocase
        $pay = /(bitcoin|monero|\bBTC\b|\bXMR\b|price depends on)/ nocase
        $rename = /(do[ \t]{1,3}not|don'?t|never)[ \t]{1,3}(try to[ \t]{1,3})?(rename|modify|move|change|shutdown|delete)[^\r\n]{0,40}(files|encrypted|readme|computer)/ nocase
        $third = /(third[ -]party|3rd[ -]party|recovery (software|compan))/ nocase
        $free = /(decrypt|recover|restore)[^\r\n]{0,60}(for free|free of charge|free decryption|as a (guarantee|proof))/ nocase
    condition:
        filesize < 16KB and uint16be(0) != 0x2320 and uint16be(0) != 0x2321 and $mail and $encrypted and
        3 of ($id, $pay, $rename, $third, $free)
}

rule Ransom_Program_RecoveryInhibit
{
    meta:
        description = "Windows program that deletes shadow copies and switches recovery off"
        reasoning = "The command that deletes every shadow copy without asking and another that switches off recovery or the backup catalogue, inside one program. Backup products manage copies by interface and keep recovery on."
        reference = "T1490"
        severity = "critical"
        fixture = "ransom_recovery.exe"
    strings:
        $shadow1 = /vssadmin(\.exe)?["']?[ \t]{1,4}delete[ \t]{1,4}shadows[ \t]{1,4}\/all/ nocase ascii wide
        $shadow2 = /wmic(\.exe)?["']?[ \t]{1,4}shadowcopy[ \t]{1,4}(\/nointeractive[ \t]{1,4})?delete/ nocase ascii wide
        $shadow3 = /Win32_ShadowCopy[^\r\n]{0,60}\.Delete\(/ nocase ascii wide
        $recovery = /bcdedit(\.exe)?["']?[ \t]{1,4}\/set[ \t]{1,4}\{?default\}?[ \t]{1,4}recoveryenabled[ \t]{1,4}no/ nocase ascii wide
        $policy = /bootstatuspolicy[ \t]{1,4}ignoreallfailures/ nocase ascii wide
        $catalog = /wbadmin(\.exe)?["']?[ \t]{1,4}delete[ \t]{1,4}(catalog|systemstatebackup|backup)/ nocase ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 20MB and any of ($shadow1, $shadow2, $shadow3) and
        any of ($recovery, $policy, $catalog)
}

rule Ransom_Script_RecoveryInhibit
{
    meta:
        description = "Windows script that deletes shadow copies and switches recovery off"
        reasoning = "The same pair of commands in a batch, PowerShell or VBScript file that starts as one. Detection rules and articles name the commands inside other text."
        reference = "T1490"
        severity = "critical"
        fixture = "ransom_recovery.bat"
    strings:
        $shadow1 = /vssadmin(\.exe)?["']?[ \t]{1,4}delete[ \t]{1,4}shadows[ \t]{1,4}\/all/ nocase
        $shadow2 = /wmic(\.exe)?["']?[ \t]{1,4}shadowcopy[ \t]{1,4}(\/nointeractive[ \t]{1,4})?delete/ nocase
        $recovery = /bcdedit(\.exe)?["']?[ \t]{1,4}\/set[ \t]{1,4}\{?default\}?[ \t]{1,4}recoveryenabled[ \t]{1,4}no/ nocase
        $policy = /bootstatuspolicy[ \t]{1,4}ignoreallfailures/ nocase
        $catalog = /wbadmin(\.exe)?["']?[ \t]{1,4}delete[ \t]{1,4}(catalog|systemstatebackup|backup)/ nocase
        $script = /(@echo[ \t]{1,2}off|CreateObject[ \t]{0,2}\(|cmd(\.exe)?[ \t]{1,2}\/c|Start-Process|param[ \t]{0,2}\(|\$ErrorActionPreference|setlocal|vssadmin(\.exe)?[ \t])/ nocase
    condition:
        filesize < 64KB and uint16(0) != 0x5A4D and uint8(0) != 0x7F and uint8(0) != 0x3C and
        $script in (0..200) and any of ($shadow1, $shadow2) and 1 of ($recovery, $policy, $catalog)
}

rule Ransom_Windows_ServiceStopList
{
    meta:
        description = "Program or script that stops a long list of database, mail and backup services"
        reasoning = "Fifteen or more services stopped without asking, with those of backup and database products among them, frees open files for encryption. Installers stop their own service."
        reference = "T1489"
        severity = "high"
        fixture = "ransom_service_stop.bat"
    strings:
        $stop1 = "net stop " nocase
        $stop2 = "net.exe stop " nocase
        $stop3 = "net1 stop " nocase
        $stop4 = "sc stop " nocase
        $stop5 = "sc config " nocase
        $stop6 = "taskkill /f /im " nocase
        $stop7 = "taskkill /im " nocase
        $backup = /(veeam|BackupExec|AcronisAgent|AcrSch2|VSNAPVSS|CobianBackup|Arcserve)/ nocase
        $database = /(MSSQL\$|SQLAgent\$|SQLWriter|MSSQLSERVER|OracleService|mysqld?\b)/ nocase
        $other = /(MSExchange|sophos|McAfee|Symantec|msftesql|QBFCService|zoolz|memtas|mepocs)/ nocase
    condition:
        filesize < 5MB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        (uint16(0) == 0x5A4D or uint8(0) == 0x40 or filesize < 64KB) and uint8(0) != 0x7F and
        #stop1 + #stop2 + #stop3 + #stop4 + #stop5 + #stop6 + #stop7 >= 15 and all of ($backup, $database, $other)
}

rule Ransom_Elf_HypervisorEncryptor
{
    meta:
        description = "Linux program that stops virtual machines and looks for their disks"
        reasoning = "The hypervisor's command to kill machines by world number, their disk extensions and a note or an extension of its own. Management tools use the interface; they do not kill by force and list disks."
        reference = "T1486, T1489"
        severity = "critical"
        fixture = "ransom_hypervisor"
    strings:
        $kill = /esxcli[^\x00\r\n]{0,60}vm[ \t]{1,4}process[ \t]{1,4}kill[ \t]{1,4}[^\x00\r\n]{0,60}(-t|--type)[ =]/
        $list = /esxcli[^\x00\r\n]{0,60}vm[ \t]{1,4}process[ \t]{1,4}list/
        $disk = /\.(vmdk|vmem|vswp|vmsn)\b/
        $note = /(\.onion|how[ _\-]?to[ _\-]?(restore|decrypt|recover)|your files|encrypt(ed|ion)|README)/ nocase
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 10MB and all of them
}

rule Ransom_Shell_OpensslEncrypt
{
    meta:
        description = "Shell script that encrypts files in bulk and deletes the originals"
        reasoning = "find over home or data folders, openssl enc with a password for each file, the original removed, and a word of payment. Backups encrypt an archive and keep the source."
        reference = "T1486"
        severity = "critical"
        fixture = "ransom_openssl.sh"
    strings:
        $encrypt = /openssl[ \t]{1,4}enc[ \t]{1,4}[^\r\n]{0,60}-aes-(128|192|256)-(cbc|ctr)/
        $find = /(find|grep[ \t]{1,4}-r)[ \t]{1,4}[^\r\n]{0,20}(\/home|\/root|\/var\/www|\/mnt|\/srv|\/opt|\/[ \t])/
        $remove = /(rm[ \t]{1,4}-[rf]{1,2}|shred[ \t]{1,4}-[a-z]{0,3}u|unlink)[ \t]{1,4}/
        $money = /(bitcoin|\bBTC\b|monero|\.onion|ransom|pay[ \t]{1,4}(us|to|the)|contact[^\r\n]{0,40}decrypt|files[^\r\n]{0,30}encrypted)/ nocase
    condition:
        filesize < 64KB and uint16be(0) == 0x2321 and all of them
}

rule Ransom_PowerShell_Encrypt
{
    meta:
        description = "PowerShell script that encrypts documents in place and leaves a note"
        reasoning = "Recursion over document extensions, a cipher stream, the originals removed and a demand for payment in one script."
        reference = "T1486"
        severity = "critical"
        fixture = "ransom_powershell.ps1"
    strings:
        $walk = /(Get-ChildItem|gci|dir)[ \t][^\r\n]{0,120}-Recurse/ nocase
        $kinds = /\*?\.(docx?|xlsx?|pdf|jpg|pptx?)["']?[ \t]{0,2},[ \t]{0,2}["']?\*?\.(docx?|xlsx?|pdf|jpg|pptx?)/ nocase
        $cipher = /\.CreateEncryptor[ \t]{0,2}\(/ nocase
        $remove = /(Remove-Item|\[(System\.)?IO\.File\]::Delete|del)[ \t(]/ nocase
        $money = /(bitcoin|\bBTC\b|monero|\.onion|files[^\r\n]{0,40}encrypted)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}
