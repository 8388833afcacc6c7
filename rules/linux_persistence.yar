/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts and units that plant themselves on a Linux system. Administration scripts do each of the
 * single steps, so every rule wants the step in its hostile form: from an unnamed host, a hidden or
 * temporary folder, or together with what protects or hides it. */

rule Downloader_Cron_PipeToShell
{
    meta:
        description = "Cron line that fetches a script over plain HTTP and runs it, again and again"
        reasoning = "A schedule, a download without TLS or from a bare address, and a pipe into a shell on one line. Maintained software is installed and updated by packages or over HTTPS."
        reference = "T1053.003"
        severity = "high"
        fixture = "cron_pipe_shell.sh"
    strings:
        $line = /((\*(\/[0-9]{1,2})?|[0-9]{1,2})[ \t]{1,4}(\*(\/[0-9]{1,2})?|[0-9]{1,2})[ \t]{1,4}\*[ \t]{1,4}\*[ \t]{1,4}\*|@(reboot|hourly|daily))[ \t]{1,4}[^\r\n|]{0,40}\b(curl|wget)[ \t][^\r\n|]{0,80}(p:\/\/|:\/\/([0-9]{1,3}\.){3}[0-9]{1,3}|pastebin\.com\/raw|\.onion)[^\r\n|]{0,120}\|[ \t]{0,4}(\/bin\/)?(ba|da)?sh\b/
    condition:
        filesize < 256KB and $line and (uint16be(0) == 0x2321 or uint8(0) == 0x2A or uint8(0) == 0x40 or $line in (0..512))
}

rule Downloader_Crontab_Replace
{
    meta:
        description = "Script that feeds a download-and-run line to crontab"
        reasoning = "echo or printf of a line with curl or wget piped into a shell, piped in turn into crontab -. The script makes the machine fetch and run new code for ever."
        reference = "T1053.003"
        severity = "high"
        fixture = "crontab_replace.sh"
    strings:
        $line = /(echo|printf)[ \t][^\r\n]{0,80}(\*[ \t]{1,4}\*[ \t]{1,4}\*|@reboot)[^\r\n]{0,80}\b(curl|wget)[ \t][^\r\n]{4,200}\|[ \t]{0,4}(\/bin\/)?(ba)?sh[^\r\n|]{0,60}\|[ \t]{0,4}crontab[ \t]{1,4}-/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $line
}

rule Persistence_Systemd_HiddenBinary
{
    meta:
        description = "systemd unit that starts a program from a temporary or hidden place"
        reasoning = "A service whose program lies in /dev/shm, or is a dot-file under /tmp, /var/tmp or /run. Such places are emptied or writable by all; packages put programs in /usr."
        reference = "T1543.002"
        severity = "high"
        fixture = "systemd_hidden.service"
    strings:
        $unit = /\[(Unit|Service)\][ \t]{0,4}\r?\n/
        $start = /ExecStart(Pre|Post)?[ \t]{0,2}=[ \t]{0,2}[-@+!]{0,2}((\/bin\/)?(ba)?sh[ \t]{1,4}(-c[ \t]{1,4})?["']?)?(\/dev\/shm\/|\/tmp\/\.|\/var\/tmp\/\.|\/run\/\.|\/var\/run\/\.)[^\r\n]{1,80}/
        $install = /WantedBy[ \t]{0,2}=/
    condition:
        filesize < 16KB and $unit in (0..512) and $start and $install
}

rule Persistence_Systemd_Download
{
    meta:
        description = "systemd unit that downloads a script and runs it at every start"
        reasoning = "ExecStart with curl or wget piped into a shell makes the unit an ever-renewed downloader; no package ships one."
        reference = "T1543.002"
        severity = "high"
        fixture = "systemd_download.service"
    strings:
        $unit = /\[(Unit|Service)\][ \t]{0,4}\r?\n/
        $start = /ExecStart(Pre|Post)?[ \t]{0,2}=[^\r\n]{0,40}sh[ \t]{1,4}-c[ \t]{1,4}["'][^\r\n|]{0,60}\b(curl|wget)[ \t][^\r\n|]{4,200}\|[ \t]{0,4}(\/bin\/)?(ba)?sh\b/
    condition:
        filesize < 16KB and $unit in (0..512) and $start
}

rule Persistence_RcLocal_Temporary
{
    meta:
        description = "Script that adds a program in a temporary folder to the boot script"
        reasoning = "Appending a path under /tmp, /var/tmp, /dev/shm or a dot-file to rc.local restarts a hidden program at boot. Installers register services and programs that last."
        reference = "T1037.004"
        severity = "high"
        fixture = "rc_local.sh"
    strings:
        $append = /(echo|printf)[ \t][^\r\n>]{0,60}(\/tmp\/|\/var\/tmp\/|\/dev\/shm\/|\/usr\/(bin|lib|share)\/\.)[^\r\n>]{1,80}>>[ \t]{0,4}["']?\/etc\/(rc\.local|rc\.d\/rc\.local|init\.d\/rc\.local|inittab)/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $append
}

rule Persistence_SshKey_Locked
{
    meta:
        description = "Script that adds an SSH key and makes the key file unchangeable"
        reasoning = "A key appended to authorized_keys and chattr +i over it or its folder keeps the owner from removing it. Provisioning adds keys; it does not lock the owner out."
        reference = "T1098.004"
        severity = "high"
        fixture = "ssh_key_locked.sh"
    strings:
        $key = /(ssh-rsa|ssh-ed25519|ssh-dss|ecdsa-sha2-nistp256)[ \t]{1,4}AAAA[A-Z]/
        $append = />>?[ \t]{0,4}["']?[^\r\n;"']{0,60}\.ssh\/authorized_keys/
        $lock = /chattr[ \t]{1,4}[-R \t]{0,6}\+[ai]{1,4}[ \t]{1,4}[^\r\n;]{0,60}\.ssh(\/authorized_keys)?/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and all of them
}

rule Persistence_LdPreload_Install
{
    meta:
        description = "Script that installs a library into /etc/ld.so.preload from an unusual place"
        reasoning = "A preload entry puts code into every process. Entries from temporary or hidden places, or written by a script that compiles or fetches the library and locks the file, hide something."
        reference = "T1574.006"
        severity = "high"
        fixture = "ld_preload_install.sh"
    strings:
        $write = /(echo|printf)[ \t]{1,4}[^\r\n>]{0,12}\/[^\r\n>]{2,80}\.so(\.[0-9]{1,2})?["']?[ \t]{0,4}>>?[ \t]{0,4}["']?\/etc\/ld\.so\.preload/
        $lock = /chattr[ \t]{1,4}\+[ai]{1,4}[ \t]{1,4}[^\r\n]{0,60}(ld\.so\.preload|\.so\b)/
        $build = /\b(gcc|cc)[ \t][^\r\n]{0,60}-shared[^\r\n]{0,60}-ldl/
        $fetch = /\b(curl|wget)[ \t][^\r\n]{0,80}http[^\r\n]{4,120}\.so\b/
        $place = /(\/tmp|\/var\/tmp|\/dev\/shm|\/usr\/(local\/)?lib(64)?\/\.)\/?[^\r\n> ]{1,60}\.so/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $write and any of ($lock, $build, $fetch, $place)
}

rule Persistence_Cron_Immutable
{
    meta:
        description = "Script that makes its own cron entry unchangeable"
        reasoning = "chattr +i on a cron file just written by a script that also downloads keeps administrators from removing the job; no package locks its cron file."
        reference = "T1222.002"
        severity = "high"
        fixture = "cron_immutable.sh"
    strings:
        $lock = /chattr[ \t]{1,4}[-R \t]{0,6}\+[ai]{1,4}[ \t]{1,4}[^\r\n;]{0,40}(\/etc\/cron(tab|\.d|\.hourly|\.daily)|\/var\/spool\/cron)/
        $write = />>?[ \t]{0,4}["']?(\/etc\/cron(tab|\.d|\.hourly|\.daily)|\/var\/spool\/cron)/
        $fetch = /\b(curl|wget)[ \t][^\r\n]{0,80}https?:\/\//
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and all of them
}

rule Backdoor_Suid_ShellCopy
{
    meta:
        description = "Script that leaves a set-uid copy of a shell in a hidden or temporary place"
        reasoning = "A copied shell with the set-uid bit makes every user root. Nothing legitimate needs a set-uid shell, least of all under another name."
        reference = "T1548.001"
        severity = "critical"
        fixture = "suid_shell_copy.sh"
    strings:
        $copy = /\bcp[ \t]{1,4}(-[a-z]{1,4}[ \t]{1,4})?(\/usr)?\/bin\/(ba|da|z|k)?sh[ \t]{1,4}(\/tmp\/|\/var\/tmp\/|\/dev\/shm\/|\/[a-z\/]{1,40}\/\.)[^\r\n;&]{1,60}/
        $suid = /\bchmod[ \t]{1,4}(-[a-z]{1,4}[ \t]{1,4})?([0-7]?[4567]7[0-7]{2}|[ug]?\+[rwx]{0,3}s)[ \t]{1,4}(\/tmp\/|\/var\/tmp\/|\/dev\/shm\/|\/[a-z\/]{1,40}\/\.)/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and all of them
}

rule Backdoor_Passwd_SecondRoot
{
    meta:
        description = "Script that appends a second user with uid 0 to /etc/passwd"
        reasoning = "A line NAME:...:0:0: with a login shell appended to /etc/passwd is another root account; systems have one, and installers add users through useradd with their own uid."
        reference = "T1136.001"
        severity = "critical"
        fixture = "passwd_second_root.sh"
    strings:
        $line = /(echo|printf)[ \t][^\r\n>]{0,12}[a-z_][a-z0-9_\-]{1,31}:[^:\r\n>]{0,130}:0:0:[^:\r\n>]{0,60}:[^:\r\n>]{1,40}:\/bin\/(ba|da|z)?sh[^\r\n>]{0,8}>>[ \t]{0,4}["']?\/etc\/passwd/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $line
}

rule Backdoor_Sudoers_ServiceAccount
{
    meta:
        description = "Script that gives a web or database account unlimited sudo"
        reasoning = "NOPASSWD: ALL for www-data, apache, nobody or mysql turns any hole in that service into root. Administrators allow single commands."
        reference = "T1548.003"
        severity = "high"
        fixture = "sudoers_service.sh"
    strings:
        $line = /(echo|printf)[ \t][^\r\n>]{0,4}(www-data|apache|nginx|httpd|nobody|daemon|mysql|postgres|tomcat)[ \t]{1,4}ALL[ \t]{0,4}=[ \t]{0,4}\(ALL(:ALL)?\)[ \t]{0,4}NOPASSWD:[ \t]{0,4}ALL[^\r\n]{0,12}(>>|\|[ \t]{0,4}tee[ \t]{1,4}-a)[ \t]{0,4}["']?\/etc\/sudoers/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $line
}

rule Persistence_Profile_HiddenProgram
{
    meta:
        description = "Script that starts a hidden program from a user's shell profile"
        reasoning = "A profile line that runs a dot-file under a temporary folder, in the background and silenced, restarts malware at every login."
        reference = "T1546.004"
        severity = "high"
        fixture = "profile_hidden.sh"
    strings:
        $append = /(echo|printf)[ \t][^\r\n>]{0,60}(\/dev\/shm\/|\/tmp\/\.|\/var\/tmp\/\.)[^\r\n]{1,80}>>[ \t]{0,4}["']?(~|\$HOME|\$\{HOME\}|\/root|\/home\/[^\/\r\n ]{1,40}|\/etc)\/\.?(bashrc|bash_profile|profile|zshrc|bash\.bashrc)/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $append
}

rule Persistence_Udev_Shell
{
    meta:
        description = "udev rule that starts a program from a temporary or hidden place"
        reasoning = "RUN+= with a path under /tmp, /dev/shm or a dot-file starts malware as root whenever a device appears; packaged rules run programs from /usr or /lib/udev."
        reference = "T1546.017"
        severity = "high"
        fixture = "udev_shell.rules"
    strings:
        $rule = /(SUBSYSTEM|ACTION|KERNEL|ENV\{MAJOR\})[ \t]{0,2}==[ \t]{0,2}"[^"\r\n]{1,60}"[^\r\n]{0,200}RUN(\{program\})?[ \t]{0,2}\+?=[ \t]{0,2}"[^"\r\n]{0,40}(\/tmp\/|\/var\/tmp\/|\/dev\/shm\/|\/usr\/(bin|lib|share)\/\.)/
    condition:
        filesize < 64KB and uint8(0) != 0x3C and $rule and uint8(0) != 0x7F
}

rule AntiForensics_Shell_LogWipe
{
    meta:
        description = "Script that switches off shell history and empties the login records"
        reasoning = "History off, and wtmp, lastlog or secure truncated in the same script: covering tracks. Log rotation keeps old logs and never touches history."
        reference = "T1070.002, T1070.003"
        severity = "medium"
        fixture = "log_wipe.sh"
    strings:
        $history = /(unset[ \t]{1,4}HISTFILE|HISTFILE=\/dev\/null|HISTSIZE=0|history[ \t]{1,4}-c|HISTFILESIZE=0)/
        $login = /(>|rm[ \t]{1,4}-[rf]{1,2}[ \t]{1,4}|cat[ \t]{1,4}\/dev\/null[ \t]{1,4}>|shred[ \t]{1,4}[^\r\n;]{0,16})[ \t]{0,4}\/var\/(log\/(wtmp|lastlog|btmp)|run\/utmp)/
        $auth = /(>|rm[ \t]{1,4}-[rf]{1,2}[ \t]{1,4}|cat[ \t]{1,4}\/dev\/null[ \t]{1,4}>|shred[ \t]{1,4}[^\r\n;]{0,16}|truncate[^\r\n;]{0,16})[ \t]{0,4}\/var\/log\/(secure|auth\.log|messages|syslog|audit)/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and all of them
}

rule Evasion_Shell_CloudAgentRemoval
{
    meta:
        description = "Script that removes the security agents of cloud providers"
        reasoning = "Uninstalling the monitoring agents of several hosting companies in one script, with the firewall flushed or SELinux off, is done by intruders who do not know where they have landed."
        reference = "T1562.001"
        severity = "high"
        fixture = "cloud_agent_removal.sh"
    strings:
        $aegis = /(aegis|aliyun_service|AliYunDun|aliyun-service|cloudmonitor)[^\r\n]{0,40}/
        $qcloud = /\/usr\/local\/qcloud\/(stargate|YunJing|monitor)[^\r\n]{0,60}uninst/
        $bcm = /(bcm-agent|\/opt\/huawei\/|hostguard|uninstall_agent)[^\r\n]{0,40}/
        $kill = /(pkill|killall|systemctl[ \t]{1,4}(stop|disable)|service[ \t]{1,4}\S{1,30}[ \t]{1,4}stop|rm[ \t]{1,4}-rf|uninstall\.sh)/
        $weaken = /(setenforce[ \t]{1,4}0|iptables[ \t]{1,4}-F|ufw[ \t]{1,4}disable)/
    condition:
        filesize < 512KB and uint16be(0) == 0x2321 and 2 of ($aegis, $qcloud, $bcm) and $kill and $weaken
}
