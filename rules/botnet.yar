/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts and programs by which botnets of routers, cameras and servers spread. */

rule Botnet_Shell_ArchitectureList
{
    meta:
        description = "Shell script that fetches one program for many processor architectures and tries each"
        reasoning = "Four or more downloads from a bare address whose names end in processor families, made executable and started in turn, from a temporary folder. Installers ask uname once."
        reference = "T1105"
        severity = "high"
        fixture = "botnet_arch_list.sh"
    strings:
        $fetch = /(wget|curl|tftp|ftpget)[ \t][^\r\n;&|]{0,40}https?:\/\/[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(:[0-9]{1,5})?\/[^\r\n;&| ]{0,60}(mips|mipsel|mpsl|arm|arm[4-7]l?|armv[4-7]l|sh4|superh|ppc|powerpc|m68k|x86|x86_64|i[3-6]86|sparc|spc|arc|aarch64)\b/
        $mode = /chmod[ \t]{1,4}(\+x|7[0-7]{2}|0?777)[ \t]/
        $place = /cd[ \t]{1,4}(\/tmp|\/var\/run|\/mnt|\/dev\/shm|\/var\/tmp)/
    condition:
        filesize < 64KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and #fetch >= 4 and $mode and $place and uint8(0) != 0x7F
}

rule Botnet_Shell_ArchitectureLoop
{
    meta:
        description = "Shell script that loops over architectures, fetching and starting a program for each"
        reasoning = "Three or more processor families and a for loop whose body downloads from a bare address, makes executable and runs. Build scripts loop over architectures but do not run every result."
        reference = "T1105"
        severity = "high"
        fixture = "botnet_arch_loop.sh"
    strings:
        $for = /for[ \t]{1,4}\w{1,16}[ \t]{1,4}in[ \t]{1,4}/
        $name = /\b(mips|mipsel|mpsl|arm[4-7]l?|armv[4-7]l|powerpc|m68k|i386|i486|i586|i686|x86_64|sparc|aarch64|superh)[ \t"';]/
        $fetch = /(wget|curl|tftp)[ \t][^\r\n;]{0,40}(https?:\/\/)?(([0-9]{1,3}\.){3}[0-9]{1,3}|\$\{?\w{1,20}\}?)[^\r\n; ]{0,40}\/[^\r\n;]{0,20}\$/
        $run = /[\r\n;&|o][ \t]{0,8}\.\/\$\{?\w{1,16}/
        $mode = /chmod[ \t]{1,4}(\+x|7[0-7]{2}|0?777)[ \t]{1,4}[^\r\n;]{0,4}(\$|\*)/
        $place = /cd[ \t]{1,4}(\/tmp|\/var\/run|\/mnt|\/dev\/shm|\/var\/tmp)/
        $remove = /rm[ \t]{1,4}-[rf]{1,2}[ \t]/
    condition:
        filesize < 32KB and uint16be(0) == 0x2321 and #name >= 3 and
        all of ($for, $fetch, $run, $mode, $place, $remove)
}

rule Botnet_Shell_BusyboxFetch
{
    meta:
        description = "Shell script that tries every download program a small device may have"
        reasoning = "wget, tftp in both syntaxes and ftpget with anonymous login to the same address, one after another: the author does not know the device. Maintained scripts know what they run on."
        reference = "T1105"
        severity = "high"
        fixture = "botnet_busybox.sh"
    strings:
        $tftp1 = /tftp[ \t]{1,4}-r[ \t]{1,4}\S{1,40}[ \t]{1,4}-g[ \t]{1,4}([0-9]{1,3}\.){3}[0-9]{1,3}/
        $tftp2 = /tftp[ \t]{1,4}([0-9]{1,3}\.){3}[0-9]{1,3}[ \t]{1,4}-c[ \t]{1,4}get[ \t]{1,4}/
        $tftp3 = /tftp[ \t]{1,4}-g[ \t]{1,4}-[lr][ \t]{1,4}\S{1,40}[ \t]{1,4}-[lr][ \t]{1,4}/
        $ftpget = /ftpget[ \t]{1,4}-v[ \t]{1,4}-u[ \t]{1,4}anonymous[ \t]{1,4}-p[ \t]{1,4}anonymous/
        $wget = /(wget|curl)[ \t]{1,4}(-\S{1,4}[ \t]{1,4}){0,3}http:\/\/([0-9]{1,3}\.){3}[0-9]{1,3}\//
        $mode = /chmod[ \t]{1,4}(\+x|7[0-7]{2}|0?777)[ \t]/
    condition:
        filesize < 32KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and 2 of ($tftp1, $tftp2, $tftp3, $ftpget) and $wget and $mode
}

rule Botnet_Script_IrcFlooder
{
    meta:
        description = "Perl or Python bot that takes flood and scan orders over IRC"
        reasoning = "An IRC client in a script that knows floods, port scans and a shell as commands of its channel. Chat bots speak IRC; none of them floods."
        reference = "T1498, T1071"
        severity = "high"
        fixture = "botnet_irc.pl"
    strings:
        $privmsg = "PRIVMSG "
        $join = /(JOIN|NICK)[ \t]{1,2}[^\r\n]{1,40}/
        $flood = /(udp|tcp|http|syn|icmp|std|ack)[ _\-]?flood/ nocase
        $scan = /(@?port[ _]?scan|nmap|bruteforce|multiscan)/ nocase
        $raw = /(SOCK_DGRAM|SOCK_RAW|IPPROTO_UDP|Proto[ \t]{0,2}=>[ \t]{0,2}["']udp)/ nocase
        $run = /(\bsystem[ \t]{0,2}\(|os\.popen|subprocess\.|\bexec[ \t]{0,2}\()/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and all of them
}

rule Botnet_Elf_RouterExploits
{
    meta:
        description = "Program that carries command injections for several kinds of router"
        reasoning = "Requests that inject wget or tftp into the management pages of unrelated devices, inside one small program: a worm's list of ways in. A firmware holds its own pages and no injections."
        reference = "T1190"
        severity = "critical"
        fixture = "botnet_router_exploits"
    strings:
        $soap = /<NewInternalClient>[^<\x00]{0,8}(cd |`|;|\$\()[^<\x00]{0,80}(wget|tftp|busybox)/
        $gpon = /\/GponForm\/diag_Form\?[^\x00\r\n]{0,20}[\x00-\xff]{0,600}(wget|busybox)[ +]/
        $setup = /\/setup\.cgi\?next_file=[a-z.]{1,20}&todo=syscmd&cmd=[^\x00\r\n]{1,80}/
        $upgrade = /<NewStatusURL>\$\([^<\x00]{0,80}(wget|busybox|tftp)/
        $hnap = /SOAPAction:[^\x00\r\n]{0,60}HNAP1\/`[^`\x00]{0,80}(wget|tftp|cd )/
        $cgi = /\/(cgi-bin\/(luci\/;stok|nas_sharing|ViewLog|login_action)|shell\?cd|language\/Swedish)[^\x00\r\n]{0,40}(wget|&&|\$\{IFS\}|busybox)/
        $tp = /(think[^\x00\r\n]{0,4}app|invokefunction)[^\x00\r\n]{0,60}call_user_func_array[^\x00\r\n]{0,60}(wget|shell_exec)/
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 1MB and 2 of them
}

rule Botnet_Elf_DeviceTakeover
{
    meta:
        description = "Program that logs in to devices, probes their busybox and keeps the watchdog quiet"
        reasoning = "A made-up busybox applet whose error answer shows a real shell, the device watchdog opened so that the device does not restart, and the table of TCP sockets read to close rivals."
        reference = "T1110, T1105"
        severity = "critical"
        fixture = "botnet_takeover"
    strings:
        $probe = /\/bin\/busybox[ \t]{1,2}[A-Z]{4,12}\b/
        $answer = /[A-Za-z]{0,12}: applet not found/
        $watchdog = /\/dev\/(misc\/)?watchdog/
        $rivals = /\/proc\/net\/tcp/
        $shell = /\x00?(enable|system|shell|linuxshell)\x00/
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 1MB and $probe and $answer and 2 of ($watchdog, $rivals, $shell)
}
