/* SPDX-License-Identifier: Apache-2.0 */
/* Theft of credentials: browsers, wallets, system accounts, cloud keys, key strokes. Password managers
 * and browsers touch one store, their own; thieves name many and have a way to send. */

rule Stealer_Windows_BrowserAndWallet
{
    meta:
        description = "Windows program that reads several browsers' logins and wallets"
        reasoning = "The login query of Chromium, the call that unlocks its key, and the files of wallets or messengers of other makers: a collector. A browser's importer knows browsers, not wallets."
        reference = "T1555.003"
        severity = "critical"
        fixture = "stealer_browser_wallet.exe"
    strings:
        $query = /SELECT[ \t]{1,2}(origin_url|action_url)[^\x00\r\n]{0,80}password_value[^\x00\r\n]{0,40}FROM[ \t]{1,2}logins/ nocase ascii wide
        $unlock = "CryptUnprotectData" ascii wide
        $store = /\\(Google\\Chrome|BraveSoftware\\Brave-Browser|Microsoft\\Edge|Opera Software)[^\x00\r\n]{0,40}/ ascii wide
        $wallet1 = /(Exodus\\exodus\.wallet|Electrum\\wallets|Ethereum\\keystore|atomic\\Local Storage|Coinomi\\Coinomi\\wallets)/ ascii wide
        $wallet2 = /(Telegram Desktop\\tdata|discord\\Local Storage\\leveldb|Steam\\config\\loginusers\.vdf|FileZilla\\(recentservers|sitemanager)\.xml)/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 20MB and $query and $unlock and $store and any of ($wallet1, $wallet2)
}

rule Stealer_Python_BrowserLogins
{
    meta:
        description = "Python script that decrypts saved browser logins and sends them away"
        reasoning = "The login database, the DPAPI call for its key, and a webhook or bot address in one script. Forensic tools write a report, not to a chat channel."
        reference = "T1555.003, T1567"
        severity = "critical"
        fixture = "stealer_browser_logins.py"
    strings:
        $database = /Login[ ]Data/
        $query = /password_value[^\r\n]{0,40}FROM[ \t]{1,2}logins/ nocase
        $unlock = /(CryptUnprotectData|win32crypt|AES\.MODE_GCM)/
        $send = /(discord(app)?\.com\/api\/webhooks\/|api\.telegram\.org\/bot|gofile\.io|transfer\.sh|anonfiles\.com|smtplib\.SMTP|requests\.post\()/
        $import = /(import[ \t]{1,4}(os|sqlite3|json|base64|shutil)|from[ \t]{1,4}\w{1,20}[ \t]{1,4}import)/
    condition:
        filesize < 256KB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and $import in (0..2048) and
        all of ($database, $query, $unlock, $send)
}

rule Stealer_Script_DiscordTokens
{
    meta:
        description = "Script that searches local storage for Discord tokens and posts them"
        reasoning = "The pattern of an account token, the folder where clients keep it, and a webhook: a token grabber. The client itself has no pattern for its token."
        reference = "T1528"
        severity = "high"
        fixture = "stealer_discord.py"
    strings:
        $pattern = /(\[\\w-\]|\[a-zA-Z0-9_-\]|\[\\w_-\])\{2[34],?2?[0-9]?\}\\?\.(\[\\w-\]|\[a-zA-Z0-9_-\]|\[\\w_-\])\{6\}/
        $folder = /(Local[ ]Storage[\\\/]{1,2}leveldb|discordcanary|discordptb|Lightcord)/ nocase
        $send = /discord(app)?\.com\/api\/(v[0-9]{1,2}\/)?(webhooks\/|users\/@me)/
    condition:
        filesize < 512KB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Stealer_Script_Clipper
{
    meta:
        description = "Script that replaces wallet addresses in the clipboard"
        reasoning = "Patterns of several currencies' addresses, the clipboard read in a loop and written back: payments go elsewhere. Wallets check addresses; they never rewrite the clipboard."
        reference = "T1115"
        severity = "high"
        fixture = "stealer_clipper.py"
    strings:
        $bitcoin = /(\(bc1\|\[13\]\)|\[13\]\[a-km-zA-HJ-NP-Z|bc1\[a-z)/
        $other = /(0x\[a-fA-F0-9\]\{40\}|\[48\]\[0-9AB\]|4\[0-9AB\]\[|\(\?:?L\|M\|ltc1|\[LM3\]\[a-km)/
        $read = /(pyperclip\.paste\(|Get-Clipboard|GetClipboardData|clipboard_get\(|Clipboard\.GetText)/ nocase
        $write = /(pyperclip\.copy\(|Set-Clipboard|SetClipboardData|clipboard_append\(|Clipboard\.SetText)/ nocase
        $loop = /(while[ \t(]{1,3}(True|1|\$true|\(1\))|time\.sleep\(|Start-Sleep)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule CredDump_Program_Mimikatz
{
    meta:
        description = "Windows program with the modules of a well-known credential dumper"
        reasoning = "The names of its modules and its author's project in one executable. Security products hold at most single names, as patterns of their own."
        reference = "T1003.001"
        severity = "critical"
        fixture = "mimikatz.exe"
    strings:
        $logon = "sekurlsa" ascii wide
        $lsadump = "lsadump" ascii wide
        $author = "gentilkiwi" ascii wide
        $module = "kuhl_m_" ascii wide
        $kerberos = "kerberos::" ascii wide
        $wdigest = "wdigest.dll" ascii wide nocase
        $prompt = "mimikatz #" ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 10MB and 5 of them
}

rule CredDump_Script_Mimikatz
{
    meta:
        description = "Script that drives a credential dumper"
        reasoning = "The privilege request and a dump of logon secrets passed as one command line, in a script. Documents list the commands apart."
        reference = "T1003.001"
        severity = "critical"
        fixture = "mimikatz.bat"
    strings:
        $line = /["']?privilege::debug["']?[ \t,;]{1,4}([^\r\n]{0,60}[ \t,;])?["']?(sekurlsa::(logonpasswords|minidump|tickets|ekeys)|lsadump::(sam|secrets|cache|dcsync|lsa))[^\r\n]{0,80}["' \t]exit/ nocase
        $script = /(@echo[ \t]{1,2}off|cmd(\.exe)?[ \t]{1,2}\/c|powershell|param[ \t]{0,2}\(|function[ \t]{1,4}\w|Invoke-|IEX[ \t(]|cd[ \t]{1,4}[%\/])/ nocase
    condition:
        filesize < 4MB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and $script in (0..300) and $line
}

rule CredDump_Script_LsassMinidump
{
    meta:
        description = "Script that writes the memory of the logon process with a system library"
        reasoning = "rundll32 calling MiniDump of comsvcs.dll with a process number and the word full, or a dump tool aimed at lsass, in a script. Crash dumps are made by the system, not by batch files."
        reference = "T1003.001"
        severity = "critical"
        fixture = "lsass_minidump.bat"
    strings:
        $comsvcs = /rundll32(\.exe)?["']?[ \t]{1,4}[^\r\n]{0,40}comsvcs(\.dll)?["']?[ \t,]{1,4}(MiniDump|#\+?0*24)[ \t]{1,4}[^\r\n]{1,80}[ \t]full/ nocase
        $procdump = /procdump(64)?(\.exe)?["']?[ \t]{1,4}[^\r\n]{0,40}-ma[ \t]{1,4}[^\r\n]{0,20}lsass(\.exe)?[ \t]{1,4}[^\r\n]{1,80}/ nocase
        $script = /(@echo[ \t]{1,2}off|cmd(\.exe)?[ \t]{1,2}\/c|powershell|param[ \t]{0,2}\(|for[ \t]{1,4}\/f|tasklist|rundll32|procdump)/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and $script in (0..120) and any of ($comsvcs, $procdump)
}

rule CredDump_Script_RegistryHives
{
    meta:
        description = "Script that saves the registry hives holding password hashes"
        reasoning = "reg save of SAM and of SYSTEM together is what turns into hashes off-line; backups use the system's own backup interface."
        reference = "T1003.002"
        severity = "high"
        fixture = "registry_hives.bat"
    strings:
        $sam = /reg(\.exe)?[ \t]{1,4}(save|export)[ \t]{1,4}["']?(HKLM|HKEY_LOCAL_MACHINE)\\SAM["']?[ \t]{1,4}/ nocase
        $system = /reg(\.exe)?[ \t]{1,4}(save|export)[ \t]{1,4}["']?(HKLM|HKEY_LOCAL_MACHINE)\\SYSTEM["']?[ \t]{1,4}/ nocase
        $script = /(@echo[ \t]{1,2}off|cmd(\.exe)?[ \t]{1,2}\/c|powershell|reg(\.exe)?[ \t]{1,4}save|setlocal)/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and $script in (0..60) and $sam and $system
}

rule Stealer_Shell_ShadowUpload
{
    meta:
        description = "Shell script that sends the system's password hashes to a host"
        reasoning = "/etc/shadow as the body of a curl, wget or nc transfer. Nothing sends this file anywhere but a thief; backups take the folder through their own program."
        reference = "T1003.008"
        severity = "critical"
        fixture = "shadow_upload.sh"
    strings:
        $body = /\b(curl|wget)[ \t][^\r\n]{0,160}(@|--post-file[= ]|-T[ \t]{1,2}|--upload-file[= \t]{1,2})["']?\/etc\/(g?shadow|master\.passwd)\b/
        $pipe = /(cat|base64|tar[ \t][^\r\n|]{0,30}|gzip[ \t][^\r\n|]{0,20})[ \t]{1,4}(-w0?[ \t]{1,4}0?[ \t]{0,2})?\/etc\/shadow[^\r\n]{0,60}\|[ \t]{0,4}([^\r\n|]{1,40}\|[ \t]{0,4})?(nc|ncat|curl|socat)[ \t]/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and any of them
}

rule Stealer_Shell_KeyHarvest
{
    meta:
        description = "Shell script that gathers SSH and cloud keys and uploads them"
        reasoning = "The credential files of three or more unrelated services named in one script that also posts data. A client reads its own file only."
        reference = "T1552.001, T1552.004"
        severity = "critical"
        fixture = "key_harvest.sh"
    strings:
        $ssh = /\.ssh\/?[^\r\n]{0,12}(id_rsa|id_ed25519|known_hosts|id_\*)/
        $aws = /\.aws\/(credentials|config)|\.s3cfg|\.boto/
        $docker = /\.docker\/config\.json/
        $kube = /(\.kube\/config|serviceaccount\/token)/
        $gcloud = /(gcloud\/(credentials\.db|access_tokens\.db|application_default)|\.azure\/accessTokens)/
        $git = /(\.git-credentials|\.netrc|\.npmrc|\.pypirc)/
        $send = /\bcurl[ \t][^\r\n]{0,120}(-F[ \t]{1,2}["']?\w{1,20}=@|--data-binary[ \t]{1,2}["']?@|--upload-file|-T[ \t]|-d[ \t]{1,2}["']?@)/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and 3 of ($ssh, $aws, $docker, $kube, $gcloud, $git) and $send
}

rule Stealer_Shell_SshdTrace
{
    meta:
        description = "Script that records passwords by tracing the SSH server"
        reasoning = "strace on sshd's reads and writes with the output kept in a file and searched for passwords: a key logger for logins. Debugging sshd does not run from a hidden loop."
        reference = "T1056"
        severity = "high"
        fixture = "sshd_trace.sh"
    strings:
        $trace = /strace[ \t]{1,4}[^\r\n]{0,100}-e[ \t]{1,4}(trace=)?(read|write)[^\r\n]{0,100}/
        $target = /(pgrep|pidof|ps[ \t][^\r\n|]{0,20}\|[ \t]{0,4}grep)[ \t]{1,4}[^\r\n]{0,30}sshd?/
        $hide = /(-o[ \t]{1,4}(\/tmp|\/var\/tmp|\/dev\/shm|\/usr\/[^\r\n ]{1,40}\/\.)[^\r\n ]{0,60}|2>[ \t]{0,2}(\/tmp|\/dev\/shm)\/\.[^\r\n ]{1,40})/
        $loop = /(while[ \t]|nohup[ \t]|inotifywait|for[ \t]{1,4}\w{1,10}[ \t]{1,4}in)/
    condition:
        filesize < 64KB and uint16be(0) == 0x2321 and all of them
}

rule Keylogger_Python_Send
{
    meta:
        description = "Python script that records key strokes and sends them away"
        reasoning = "A keyboard listener with a buffer and mail or a webhook in a short script. Hot-key programs react to keys; they do not mail them."
        reference = "T1056.001"
        severity = "high"
        fixture = "keylogger.py"
    strings:
        $listen = /(keyboard\.Listener\(|Listener\([ \t]{0,2}on_press|keyboard\.on_(press|release)\(|pyHook\.HookManager\(|pythoncom\.PumpMessages)/
        $import = /(from[ \t]{1,4}pynput|import[ \t]{1,4}(pynput|keyboard|pyHook|pyxhook))/
        $send = /(smtplib\.SMTP(_SSL)?\(|discord(app)?\.com\/api\/webhooks\/|api\.telegram\.org\/bot|ftplib\.FTP\()/
        $buffer = /(log|keys|buffer|text|word)[ \t]{0,2}(\+=|=[ \t]{0,2}(self\.)?(log|keys|buffer|text|word)[ \t]{0,2}\+)|\.append\([ \t]{0,2}(key|k)\b|\.write\([ \t]{0,2}(str\()?(key|k)\b/
    condition:
        filesize < 64KB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Keylogger_Windows_Names
{
    meta:
        description = "Windows program that polls the keyboard and writes keys by name with their window"
        reasoning = "The asynchronous key state, the title of the foreground window, bracketed names for the special keys and a transfer. Games poll keys without writing their names."
        reference = "T1056.001"
        severity = "high"
        fixture = "keylogger.exe"
    strings:
        $poll = /(GetAsyncKeyState|SetWindowsHookEx[AW]|GetKeyboardState)/
        $window = /GetForegroundWindow/
        $name1 = /[\[<{](BACKSPACE|BACK|BKSP)[\]>}]/ nocase ascii wide
        $name2 = /[\[<{](ENTER|RETURN)[\]>}]/ nocase ascii wide
        $name3 = /[\[<{](CAPS ?LOCK|CAPITAL)[\]>}]/ nocase ascii wide
        $name4 = /[\[<{](ESC|ESCAPE)[\]>}]/ nocase ascii wide
        $name5 = /[\[<{](DEL|DELETE)[\]>}]/ nocase ascii wide
        $send = /(smtp\.(gmail|mail|yandex|office365|live)|ftp:\/\/|api\.telegram\.org|\/api\/webhooks\/|InternetOpenUrl|HttpSendRequest)/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 5MB and $poll and $window and 4 of ($name1, $name2, $name3, $name4, $name5) and $send
}
