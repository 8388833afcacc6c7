/* SPDX-License-Identifier: Apache-2.0 */
/* Linux rootkits and backdoors as ELF files. A scanner's own program holds the strings of its
 * rules, so each rule is bounded by the file's kind and size or by a string that the rule itself
 * does not contain as such. */

rule Rootkit_Preload_ProcessHider
{
    meta:
        description = "Shared library that hides processes from ps by replacing readdir"
        reasoning = "A library too small to be a C library that exports readdir, finds the real one with dlsym and reads names from /proc: a preload that filters process lists."
        reference = "T1014, T1574.006"
        severity = "critical"
        fixture = "preload_process_hider.so"
    strings:
        $readdir = "\x00readdir\x00"
        $readdir64 = "\x00readdir64\x00"
        $dlsym = "\x00dlsym\x00"
        $fd = "/proc/self/fd/%d"
        $stat = "/proc/%s/stat"
    condition:
        uint32be(0) == 0x7F454C46 and uint16(16) == 3 and filesize < 64KB and all of them
}

rule Rootkit_Preload_Backdoor
{
    meta:
        description = "Shared library that replaces file, process and network calls to hide and let in"
        reasoning = "A small library that exports readdir, the stat family, unlink and accept or pam_authenticate, resolves the originals, and knows the preload file it must hide."
        reference = "T1014, T1574.006"
        severity = "critical"
        fixture = "preload_backdoor.so"
    strings:
        $preload = "ld.so.preload"
        $dlsym = "\x00dlsym\x00"
        $readdir = /\x00readdir(64)?\x00/
        $stat = /\x00_?_?(lxstat|fxstat|xstat|lstat|stat)(64)?\x00/
        $unlink = /\x00(unlink|unlinkat|rmdir)\x00/
        $accept = /\x00(accept|accept4|pam_authenticate|pam_vprompt|getpwnam_r)\x00/
        $shell = /\x00(execve|execl|forkpty|openpty|ptsname|grantpt)\x00/
    condition:
        uint32be(0) == 0x7F454C46 and uint16(16) == 3 and filesize < 200KB and all of them
}

rule Rootkit_Module_SyscallTable
{
    meta:
        description = "Kernel module that looks up the system call table to replace directory listing"
        reasoning = "A module that finds sys_call_table by symbol lookup and names getdents together with the page protection it must lift. Drivers use the interfaces the kernel exports."
        reference = "T1014, T1547.006"
        severity = "critical"
        fixture = "module_syscall_table.ko"
    strings:
        $module = /vermagic=[2-9]\.[0-9]{1,2}\./
        $table = /sys_call_table/
        $lookup = /(kallsyms_lookup_name|register_kprobe|kallsyms_on_each_symbol)/
        $list = /(getdents|filldir|iterate_shared|iterate_dir)/
        $power = /(prepare_creds|commit_creds|write_cr0|lookup_address|native_write_cr0|module_hide|hide_module)/
    condition:
        uint32be(0) == 0x7F454C46 and uint16(16) == 1 and filesize < 2MB and all of them
}

rule Rootkit_Module_FtraceHider
{
    meta:
        description = "Kernel module that hooks directory and socket listings and hands out root"
        reasoning = "Hooks by ftrace or kprobe on listings of files and of TCP sockets, with credentials it can commit: hiding and privilege in one module. Tracers observe; they neither filter nor give root."
        reference = "T1014"
        severity = "critical"
        fixture = "module_ftrace_hider.ko"
    strings:
        $module = /vermagic=[2-9]\.[0-9]{1,2}\./
        $hook = /(ftrace_set_filter_ip|register_ftrace_function|register_kprobe|register_kretprobe)/
        $net = /(tcp[46]_seq_show|udp[46]_seq_show|tpacket_rcv)/
        $files = /(sys_getdents|getdents64|filldir64|fillonedir)/
        $creds = /(commit_creds|prepare_creds)/
    condition:
        uint32be(0) == 0x7F454C46 and uint16(16) == 1 and filesize < 2MB and all of them
}

rule Rootkit_Bpf_DirectoryFilter
{
    meta:
        description = "BPF object that rewrites directory listings and watches kill and bpf calls"
        reasoning = "Programs on entry and exit of getdents64 together with hooks that guard the rootkit's own process or BPF handles. Tracing tools count calls; a pair on getdents with a guard rewrites what users see."
        reference = "T1014"
        severity = "high"
        fixture = "bpf_directory_filter.o"
    strings:
        $enter = /(tp|tracepoint)\/syscalls\/sys_enter_getdents64/
        $exit = /(tp|tracepoint)\/syscalls\/sys_exit_getdents64/
        $guard = /(tp|tracepoint)\/syscalls\/sys_(enter|exit)_(bpf|kill|ptrace)\b/
    condition:
        uint32be(0) == 0x7F454C46 and uint16(18) == 247 and filesize < 1MB and all of them
}

rule Backdoor_Pam_PasswordLog
{
    meta:
        description = "PAM module that writes users and passwords to a file"
        reasoning = "An authentication module with a format of user and password together and a file to append it to. Authentication never needs the clear password on disk."
        reference = "T1556.003"
        severity = "critical"
        fixture = "pam_password_log.so"
    strings:
        $entry = "pam_sm_authenticate"
        $format = /(user|login|username|usr)[ \t]{0,2}[:=|][ \t]{0,2}%s[^\x00\r\n]{1,24}(password|passwd|passw|pass|pwd)[ \t]{0,2}[:=|][ \t]{0,2}%s/ nocase
        $file = /\/(tmp|var\/tmp|dev\/shm|usr\/(share|lib|include|local)|var\/(log|lib|spool|cache)|etc|bin)\/[^\x00\r\n ]{1,60}/
        $append = /\x00(fopen|fopen64|open|open64|fprintf)\x00/
    condition:
        uint32be(0) == 0x7F454C46 and uint16(16) == 3 and filesize < 1MB and all of them
}

rule Backdoor_Sshd_PasswordLog
{
    meta:
        description = "SSH server changed to write down passwords"
        reasoning = "A program with the OpenSSH server's own messages and, in addition, a format that writes user and password side by side. The original never formats a password."
        reference = "T1554"
        severity = "critical"
        fixture = "sshd_password_log"
    strings:
        $ssh = /OpenSSH_[0-9]\.[0-9]/
        $server = /(sshd_config|PermitRootLogin|Server listening on %|AuthorizedKeysCommandUser)/
        $format = /(user|login|username|from|host)[ \t]{0,2}[:=|][ \t]{0,2}%(\.[0-9]{1,3})?s[^\x00\r\n]{1,24}(password|passwd|passw|pass|pwd)[ \t]{0,2}[:=|][ \t]{0,2}%(\.[0-9]{1,3})?s/ nocase
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 8MB and all of them
}

rule Backdoor_Elf_DaemonDisguise
{
    meta:
        description = "Small program that takes the name of a system daemon at random"
        reasoning = "One small program carrying the command lines of several unrelated daemons renames itself to one of them. Each daemon carries its own only."
        reference = "T1036.004, T1205"
        severity = "critical"
        fixture = "daemon_disguise"
    strings:
        $udev = "/sbin/udevd -d"
        $getty = "/sbin/mingetty /dev/tty7"
        $auditd = "/sbin/auditd -n"
        $hal = "hald-addon-acpi: listening on acpi"
        $avahi = "avahi-daemon: chroot helper"
        $pickup = "pickup -l -t fifo -u"
        $postfix = "qmgr -l -t fifo -u"
        $dbus = "dbus-daemon --system"
        $console = "/usr/sbin/console-kit-daemon --no-daemon"
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 100KB and 4 of them
}

rule Backdoor_Elf_KernelThreadDisguise
{
    meta:
        description = "Small program that loads code into memory and calls itself a kernel thread"
        reasoning = "A bracketed kernel thread name in a user program, memfd_create or its path, and a download: a fileless loader. Kernel threads are never user programs."
        reference = "T1620, T1036.004"
        severity = "high"
        fixture = "kernel_thread_disguise"
    strings:
        $thread = /\x00\[(kworker\/|ksoftirqd\/|kthreadd|migration\/|kswapd|watchdog\/|khugepaged|scsi_eh_)[0-9a-z:\/]{0,16}\]\x00/
        $memory = /\x00(memfd_create|fexecve|execveat)\x00/
        $path = "/proc/self/fd/%d"
        $fetch = /\x00(GET \/[^\x00]{0,60} HTTP\/1|https?:\/\/[^\x00]{4,80})/
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 200KB and all of them
}
