/* SPDX-License-Identifier: Apache-2.0 */
/* Reverse shells: a short script that connects out and gives the far end an interactive shell.
 * Cheat sheets show the same lines, so every rule wants a script (its first bytes) and a small
 * file, and the pieces in their working combination. */

rule ReverseShell_Bash_DevTcp
{
    meta:
        description = "Script that ties an interactive bash to a TCP connection"
        reasoning = "bash -i with input and output on /dev/tcp/HOST/PORT has one use. Documents show the line in passing; here it is a script's own, or the first thing in the file."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_bash_devtcp.sh"
    strings:
        $line = /\b(ba)?sh[ \t]{1,4}-i[ \t]{0,4}(>|>>|1>|<|0<|5<>)?[ \t]{0,2}&?[ \t]{0,2}[>]?&?[ \t]{0,4}\/dev\/(tcp|udp)\/[0-9a-zA-Z.\-]{4,80}\/[0-9]{2,5}/
    condition:
        filesize < 16KB and $line and (uint16be(0) == 0x2321 or $line in (0..100))
}

rule ReverseShell_Bash_ExecDescriptor
{
    meta:
        description = "Script that opens a TCP descriptor in bash and runs every line it receives"
        reasoning = "exec N<>/dev/tcp/HOST/PORT followed by a loop or a shell reading from that descriptor and writing back to it: a remote shell without other programs. Health checks open such a descriptor but run nothing from it."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_bash_descriptor.sh"
    strings:
        $exec = /exec[ \t]{1,4}[0-9]{1,3}[ \t]{0,2}<>[ \t]{0,2}\/dev\/tcp\/[0-9a-zA-Z.\-]{4,80}\/[0-9]{2,5}/
        $loop = /while[ \t]{1,4}read[ \t]{1,4}(-r[ \t]{1,4})?\w{1,16}[ \t]{0,4};[ \t]{0,4}do[ \t\r\n]{1,8}(eval[ \t]{1,4}"?)?\$\{?\w{1,16}\}?"?[ \t]{1,4}(2>&[0-9]{1,3}[ \t]{0,4}>&[0-9]{1,3}|>&[0-9]{1,3})/
        $shell = /\b(ba)?sh[ \t]{0,4}(-i[ \t]{0,4})?<&[0-9]{1,3}[ \t]{1,4}>&[0-9]{1,3}[ \t]{1,4}2>&[0-9]{1,3}/
    condition:
        filesize < 16KB and $exec and any of ($loop, $shell) and (uint16be(0) == 0x2321 or $exec in (0..100))
}

rule ReverseShell_Python_Dup2
{
    meta:
        description = "Python script that puts a shell on an outgoing socket"
        reasoning = "connect(), the socket duplicated over standard input and output, then an interactive shell: the three steps of a remote shell, in a script too small to be anything else."
        reference = "T1059.006"
        severity = "high"
        fixture = "reverse_python_dup2.py"
    strings:
        $connect = /\.connect\([ \t]{0,2}\([^\r\n)]{4,100},[ \t]{0,4}(int\()?\w{1,16}/
        $stdin = /os\.dup2\([ \t]{0,2}\w{1,16}\.fileno\(\)[ \t]{0,2},[ \t]{0,4}(0|fd|f)/
        $each = /os\.dup2\([ \t]{0,2}\w{1,16}\.fileno\(\)[ \t]{0,2},[ \t]{0,4}fd\)[ \t]{0,4}for[ \t]{1,2}fd[ \t]{1,2}in/
        $shell = /(pty\.spawn\([ \t]{0,2}\[?["'](\/bin\/)?(ba|z|da)?sh["']|(subprocess\.(call|run|Popen)|os\.execl?v?p?)\([ \t]{0,2}\[?[ \t]{0,2}["']\/bin\/(ba|z|da)?sh["'][ \t]{0,2},[ \t]{0,2}["']-i["'])/
    condition:
        filesize < 16KB and $connect and any of ($stdin, $each) and $shell and
        (uint16be(0) == 0x2321 or uint32be(0) == 0x696D706F or uint32be(0) == 0x66726F6D or uint32be(0) == 0x70797468)
}

rule ReverseShell_Perl_Socket
{
    meta:
        description = "Perl script that reopens its standard streams on a socket and starts a shell"
        reasoning = "open(STDIN, \">&S\") for all three streams after connect(), then exec of an interactive shell. Daemons redirect streams to /dev/null, never a shell to a socket."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_perl_socket.pl"
    strings:
        $stdin = /open[ \t]{0,2}\(?[ \t]{0,2}STDIN[ \t]{0,2},[ \t]{0,4}["'][<>+]{1,2}&[ \t]{0,2}\$?\w{1,16}["']/
        $stdout = /open[ \t]{0,2}\(?[ \t]{0,2}STDOUT[ \t]{0,2},[ \t]{0,4}["']>&[ \t]{0,2}\$?\w{1,16}["']/
        $connect = /(connect[ \t]{0,2}\(|IO::Socket::INET|sockaddr_in[ \t]{0,2}\()/
        $shell = /(exec|system)[ \t]{0,2}\(?[ \t]{0,2}[{"' \t]{0,4}\/bin\/(ba)?sh( -i)?["']/
    condition:
        filesize < 16KB and all of them and
        (uint16be(0) == 0x2321 or uint32be(0) == 0x75736520 or uint32be(0) == 0x7065726C)
}

rule ReverseShell_Ruby_TCPSocket
{
    meta:
        description = "Ruby script that gives a shell to an outgoing TCP connection"
        reasoning = "A TCPSocket whose descriptor number is formatted into /bin/sh redirections, or whose lines go to IO.popen and back, in a script of a few lines."
        reference = "T1059"
        severity = "high"
        fixture = "reverse_ruby.rb"
    strings:
        $socket = /TCPSocket\.(open|new)[ \t]{0,2}\(/
        $redirect = /\/bin\/(ba)?sh -i <&%d >&%d 2>&%d/
        $popen = /while[ \t(]{1,4}\w{1,16}[ \t]{0,2}=[ \t]{0,2}\w{1,16}\.gets\)?[ \t]{0,4};[ \t]{0,4}IO\.popen\([ \t]{0,2}\w{1,16}[ \t]{0,2},[ \t]{0,2}["']r["']/
    condition:
        filesize < 16KB and uint8(0) != 0x3C and $socket and any of ($redirect, $popen) and uint8(0) != 0x7F
}

rule ReverseShell_PHP_Socket
{
    meta:
        description = "PHP script that pumps bytes between a socket and an interactive shell"
        reasoning = "fsockopen() and a process started as an interactive shell, with the streams selected against each other or the socket given as its redirections: no page needs this."
        reference = "T1505.003"
        severity = "high"
        fixture = "reverse_php.php"
    strings:
        $open = "<?php" nocase
        $socket = /\b(fsockopen|stream_socket_client|socket_connect)[ \t]{0,2}\(/
        $direct = /\b(exec|shell_exec|system|passthru|popen)[ \t]{0,2}\([ \t]{0,2}["'](\/bin\/)?(ba)?sh[ \t]{1,2}(-i[ \t]{1,2})?<&[0-9][ \t]{1,2}>&[0-9]/
        $shell = /["'=][^"'\r\n]{0,80}\/bin\/(ba)?sh -i["'; ]/
        $process = /\bproc_open[ \t]{0,2}\(/
        $select = /\bstream_select[ \t]{0,2}\(/
    condition:
        filesize < 64KB and $open in (0..200) and $socket and ($direct or all of ($shell, $process, $select))
}

rule ReverseShell_Netcat_Execute
{
    meta:
        description = "Shell script that lets netcat execute a shell for a remote host"
        reasoning = "nc -e /bin/sh HOST PORT in a script of its own, or as the first line of a file; the option was removed from common netcats because of this use."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_nc.sh"
    strings:
        $line = /\b(nc|ncat|netcat|nc\.traditional)(\.exe)?[ \t]{1,4}([^\r\n;|#]{1,60}[ \t]{1,4})?(-[a-z]{0,4}e|-c|--exec|--sh-exec)[ \t]{1,4}["']?((\/usr)?\/bin\/(ba|da|z|k)?sh|cmd(\.exe)?|powershell(\.exe)?)\b/
        $target = /\b(nc|ncat|netcat|nc\.traditional)[^\r\n]{0,80}[ \t]([0-9]{1,3}\.){3}[0-9]{1,3}[ \t]{1,4}[0-9]{2,5}/
    condition:
        filesize < 8KB and all of them and (uint16be(0) == 0x2321 or $line in (0..100))
}

rule ReverseShell_Mkfifo_Pipe
{
    meta:
        description = "Shell script that joins a shell and a network client through a named pipe"
        reasoning = "mkfifo, then the pipe's content into an interactive shell, its output through nc, telnet or openssl and back into the pipe. The ring of three parts is a remote shell and nothing else."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_mkfifo.sh"
    strings:
        $fifo = /mk(fifo|nod)[ \t]{1,4}[^\r\n;&|]{2,60}/
        $ring = /\/(ba)?sh[ \t]{1,4}(-i[ \t]{0,4})?(<[ \t]{0,4}[^\r\n|;&]{1,60}|2>&1)?[ \t]{0,4}(2>&1[ \t]{0,4})?\|[ \t]{0,4}(nc|ncat|netcat|telnet|openssl[ \t]{1,4}s_client|busybox nc)[ \t]{1,4}[^\r\n|;>]{4,120}>[ \t]{0,4}(\/tmp|\/var\/tmp|\/dev\/shm|\$\w{1,16}|\.)/
    condition:
        filesize < 8KB and all of them and (uint16be(0) == 0x2321 or $fifo in (0..100))
}

rule ReverseShell_Socat_Pty
{
    meta:
        description = "Shell script that gives a terminal to a remote host with socat"
        reasoning = "socat with exec of a shell on a new pty, set up as a session, towards a TCP peer: the address of the operator. Debug tunnels connect sockets, not login shells to outside addresses."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_socat.sh"
    strings:
        $pty = /exec:["']?[^\r\n"',]{0,12}\/?(ba)?sh[^\r\n"',]{0,8}["']?,pty,stderr,setsid/ nocase
        $peer = /(tcp4?|tcp-connect|openssl|tcp6):[0-9a-z.\-]{4,80}:[0-9]{2,5}/ nocase
        $socat = /socat[ \t]{1,4}/
    condition:
        filesize < 8KB and all of them and (uint16be(0) == 0x2321 or $socat in (0..100))
}

rule ReverseShell_PowerShell_TCPClient
{
    meta:
        description = "PowerShell script that executes what a TCP peer sends and returns the output"
        reasoning = "A TCPClient's stream read into Invoke-Expression, the output converted and written back behind a prompt made of the current path: the classic one-line shell."
        reference = "T1059.001"
        severity = "high"
        fixture = "reverse_powershell.ps1"
    strings:
        $client = /Net\.Sockets\.TCPClient[ \t]{0,2}\(/ nocase
        $stream = /\.GetStream\(\)/ nocase
        $run = /(iex|Invoke-Expression)[ \t(]{1,4}[^\r\n|]{0,40}(\$\w{1,16})[^\r\n|]{0,20}\|[ \t]{0,4}Out-String/ nocase
        $prompt = /["']PS ["'][ \t]{0,2}\+[ \t]{0,2}\(?(pwd|Get-Location)\)?/ nocase
    condition:
        filesize < 8KB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and uint8(0) != 0x3C and
        $client and $stream and any of ($run, $prompt)
}

rule ReverseShell_Awk_Inet
{
    meta:
        description = "gawk program that runs the lines a TCP peer sends"
        reasoning = "A gawk /inet/tcp connection whose received line is itself started as a co-process and its output printed back to the connection. Network examples print what they receive; they do not run it."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_awk.sh"
    strings:
        $inet = /"\/inet\/tcp\/0\/[0-9a-zA-Z.\-]{4,80}\/[0-9]{2,5}"/
        $run = /while[ \t]{0,2}\([ \t]{0,2}\(?[ \t]{0,2}(\w{1,16})[ \t]{1,2}\|&?[ \t]{1,2}getline[ \t\w]{0,16}\)?[ \t]{0,2}>[ \t]{0,2}0[ \t]{0,2}\)[ \t]{0,2}\{?[ \t]{0,2}print[ \t]{1,4}[$\w]{1,16}[ \t]{0,2}\|&[ \t]{0,2}\w{1,16}/
        $line = /\w{1,16}[ \t]{1,2}\|&[ \t]{1,2}getline[ \t]{1,2}\w{1,16}/
    condition:
        filesize < 8KB and uint8(0) != 0x3C and all of them
}

rule ReverseShell_Lua_Socket
{
    meta:
        description = "Lua script that runs the lines a TCP peer sends"
        reasoning = "LuaSocket connected outwards, received text given to io.popen or os.execute, and the result sent back, in a script of a few lines."
        reference = "T1059.011"
        severity = "high"
        fixture = "reverse_lua.lua"
    strings:
        $socket = /require[ \t]{0,2}\(?[ \t]{0,2}["']socket["']/
        $connect = /:connect[ \t]{0,2}\([ \t]{0,2}["'\w]/
        $run = /io\.popen[ \t]{0,2}\([ \t]{0,2}(\w{1,16}[ \t]{0,2},[ \t]{0,2}["']r["']|\w{1,16}:receive)/
        $exec = /os\.execute[ \t]{0,2}\([ \t]{0,2}["']\/bin\/(ba)?sh -i <&\d >&\d/
        $receive = /:receive[ \t]{0,2}\(/
    condition:
        filesize < 4KB and $socket and $connect and ($exec or ($run and $receive))
}

rule ReverseShell_Node_Pipe
{
    meta:
        description = "Node.js script that pipes a shell into an outgoing connection"
        reasoning = "net.connect() and a spawned shell whose streams are piped into each other, in a short script: a remote shell by the three pipes alone."
        reference = "T1059.007"
        severity = "high"
        fixture = "reverse_node.js"
    strings:
        $child = /require\([ \t]{0,2}["'](node:)?child_process["'][ \t]{0,2}\)/
        $spawn = /\b(spawn|exec)\([ \t]{0,2}["'](\/bin\/)?((ba)?sh|cmd(\.exe)?)["']/
        $in = /\.pipe\([ \t]{0,2}\w{1,16}\.stdin[ \t]{0,2}\)/
        $out = /\.stdout\.pipe\([ \t]{0,2}\w{1,16}[ \t]{0,2}\)/
        $connect = /(\.connect\([ \t]{0,2}\d{2,5}[ \t]{0,2},|net\.connect\(|new net\.Socket\(|createConnection\()/
    condition:
        filesize < 16KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and all of them
}

rule ReverseShell_Telnet_Pipe
{
    meta:
        description = "Shell script with a shell between two telnet connections"
        reasoning = "telnet to one port piped into a shell piped into telnet to a second port: commands arrive on one, answers leave on the other."
        reference = "T1059.004"
        severity = "high"
        fixture = "reverse_telnet.sh"
    strings:
        $line = /\b(telnet|nc)[ \t]{1,4}[0-9a-zA-Z.\-]{4,80}[ \t]{1,4}[0-9]{2,5}[ \t]{0,4}\|[ \t]{0,4}(\/bin\/)?(ba)?sh[ \t]{0,4}(2>&1[ \t]{0,4})?\|[ \t]{0,4}(telnet|nc)[ \t]{1,4}[0-9a-zA-Z.\-]{4,80}[ \t]{1,4}[0-9]{2,5}/
    condition:
        filesize < 8KB and $line and (uint16be(0) == 0x2321 or $line in (0..100))
}

rule BindShell_Netcat_Loop
{
    meta:
        description = "Shell script that keeps a listening netcat with a shell behind it"
        reasoning = "nc -l with -e of a shell, in a loop or in the background: a password-less login for anyone who finds the port."
        reference = "T1059.004"
        severity = "high"
        fixture = "bind_nc_loop.sh"
    strings:
        $listen = /\b(nc|ncat|netcat|nc\.traditional)[ \t]{1,4}[^\r\n;|#]{0,40}-[a-z]{0,4}l[a-z]{0,4}[ \t][^\r\n;|#]{0,60}(-e|-c|--exec)[ \t]{1,4}["']?(\/usr)?\/bin\/(ba|da|z)?sh/
        $loop = /(while[ \t]{1,4}(true|:|\[[ \t]{0,2}1[ \t]{0,2}\]|1)|nohup[ \t]|--keep-open|disown)/
    condition:
        filesize < 8KB and uint16be(0) == 0x2321 and $listen and $loop
}
