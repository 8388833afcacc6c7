/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that hide, unpack or inject: loaders, tampered packers, programs inside pictures. */

rule Loader_PE_Hollowing
{
    meta:
        description = "Windows program that starts another one and replaces its memory"
        reasoning = "The unmapping of a foreign image, writing into it, a new thread context and its release, in a small program without a maker's name. Debuggers write memory but never unmap the image."
        reference = "T1055.012"
        severity = "high"
        fixture = "loader_hollowing.exe"
    strings:
        $unmap = /(Nt|Zw)UnmapViewOfSection/
        $write = /(WriteProcessMemory|NtWriteVirtualMemory)/
        $context = /(SetThreadContext|NtSetContextThread|Wow64SetThreadContext)/
        $resume = /(ResumeThread|NtResumeThread)/
        $create = /CreateProcess(A|W|Internal|AsUser)/
        $maker = "CompanyName" wide
    condition:
        uint16(0) == 0x5A4D and uint32(uint32(0x3C)) == 0x00004550 and filesize < 2MB and
        all of ($unmap, $write, $context, $resume, $create) and not $maker
}

rule Loader_PE_RemoteThreadShellcode
{
    meta:
        description = "Windows program that carries position-independent code and starts it in another process"
        reasoning = "The prologue by which ready-made code finds the system's functions, and the three calls that carry it into a foreign process."
        reference = "T1055.002"
        severity = "critical"
        fixture = "loader_remote_thread.exe"
    strings:
        $code32 = { FC E8 (82 | 89 | 8F | 86) 00 00 00 60 89 E5 31 (C0 | D2) 64 8B }
        $code64 = { FC 48 83 E4 F0 E8 (C0 | C8 | CC | BF) 00 00 00 41 51 41 50 52 }
        $alloc = /(VirtualAlloc(Ex)?|NtAllocateVirtualMemory|VirtualProtect)/
        $run = /(CreateRemoteThread(Ex)?|CreateThread|QueueUserAPC|NtCreateThreadEx|RtlCreateUserThread)/
    condition:
        uint16(0) == 0x5A4D and filesize < 10MB and any of ($code32, $code64) and $alloc and $run
}

rule Shellcode_Windows_BlockApi
{
    meta:
        description = "Bare machine code that finds Windows functions by hash"
        reasoning = "A file that begins with the well-known prologue of ready-made payloads and goes on to walk the module list. No format of documents or programs begins with it."
        reference = "T1620"
        severity = "critical"
        fixture = "shellcode_block_api.bin"
    strings:
        $code32 = { FC E8 (82 | 89 | 8F | 86) 00 00 00 60 89 E5 31 (C0 | D2) 64 8B [1-2] 30 }
        $code64 = { FC 48 83 E4 F0 E8 (C0 | C8 | CC | BF) 00 00 00 41 51 41 50 52 51 56 48 31 D2 65 48 8B 52 60 }
    condition:
        filesize < 1MB and ($code32 at 0 or $code64 at 0)
}

rule Implant_PE_ReflectiveLoader
{
    meta:
        description = "Windows library that loads itself from memory and talks over named pipes"
        reasoning = "The export that maps the library without the system's loader, with token theft or pipes for peers. Ordinary libraries are loaded by the system."
        reference = "T1620, T1090.001"
        severity = "critical"
        fixture = "implant_reflective.dll"
    strings:
        $export = /_?ReflectiveLoader(@4)?\x00/
        $pipe = /\\\\(%s|\.)\\pipe\\[a-zA-Z0-9_%\-]{1,40}/ ascii wide
        $token = /(ImpersonateNamedPipeClient|ImpersonateLoggedOnUser|CreateProcessWithTokenW|DuplicateTokenEx)/
        $inject = /(CreateRemoteThread|NtQueueApcThread|RtlCreateUserThread|SetThreadContext)/
    condition:
        uint16(0) == 0x5A4D and filesize < 5MB and all of them
}

rule Packer_Elf_UpxTampered
{
    meta:
        description = "Linux program packed with UPX whose marks were changed"
        reasoning = "The error message of UPX's start-up code in a program without sections, but no UPX mark: somebody removed it so that the program cannot be unpacked. Nobody with nothing to hide does."
        reference = "T1027.002"
        severity = "medium"
        fixture = "upx_tampered"
    strings:
        $stub = "PROT_EXEC|PROT_WRITE failed."
        $mark = "UPX!"
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 20MB and $stub and not $mark and
        ((uint8(4) == 1 and uint16(48) == 0) or (uint8(4) == 2 and uint16(60) == 0))
}

rule Packer_PE_UpxRenamed
{
    meta:
        description = "Windows program packed with UPX whose sections were renamed"
        reasoning = "UPX's mark in the header while no section has its name: changed to get past unpackers."
        reference = "T1027.002"
        severity = "medium"
        fixture = "upx_renamed.exe"
    strings:
        $mark = { 55 50 58 21 (0C | 0D | 0E) 09 }
        $name = "UPX0"
        $name1 = "UPX1"
    condition:
        uint16(0) == 0x5A4D and uint32(uint32(0x3C)) == 0x00004550 and filesize < 20MB and
        $mark in (0x180..0x1000) and not $name in (0..0x1000) and not $name1 in (0..0x1000)
}

rule Loader_Elf_TinyStager
{
    meta:
        description = "Tiny Linux program that connects out and runs what it receives"
        reasoning = "Under four kilobytes, no sections, one segment that is readable, writable and executable, and a socket call made by number. Linkers produce none of this; generators of attack payloads do."
        reference = "T1105, T1620"
        severity = "high"
        fixture = "elf_tiny_stager"
    strings:
        $socket64 = { 6A 29 58 [0-8] (6A 02 5F | 99) [0-8] 6A 01 5E 0F 05 }
        $socket32 = { 31 DB F7 E3 53 43 53 6A 02 [0-3] (B0 66 | 6A 66 58) 89 E1 CD 80 }
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 4KB and any of them and
        ((uint8(4) == 2 and uint16(60) == 0 and uint16(56) == 1 and uint32(0x44) == 7) or
         (uint8(4) == 1 and uint16(48) == 0 and uint16(44) == 1 and uint32(0x4C) == 7))
}

rule Dropper_Image_EmbeddedProgram
{
    meta:
        description = "Picture with a Windows program inside"
        reasoning = "The file begins as a picture and holds a complete program header at a place the header itself confirms. Picture formats have no use for one."
        reference = "T1027.003"
        severity = "high"
        fixture = "image_program.png"
    strings:
        $stub = "This program cannot be run in DOS mode"
    condition:
        filesize < 50MB and
        (uint32be(0) == 0x47494638 or uint32be(0) == 0x89504E47 or (uint32be(0) & 0xFFFFFF00) == 0xFFD8FF00) and
        for any i in (1..#stub) : (
            @stub[i] >= 0x4E and uint16(@stub[i] - 0x4E) == 0x5A4D and
            uint32(@stub[i] - 0x4E + uint32(@stub[i] - 0x4E + 0x3C)) == 0x00004550)
}

rule Dropper_Script_Base64Program
{
    meta:
        description = "Script that carries a Windows program in Base64 and writes or loads it"
        reasoning = "The Base64 form of a program's first bytes, forwards or reversed, and the call that decodes it to a file or loads it as an assembly. Installers carry their programs in archives."
        reference = "T1027.009, T1140"
        severity = "high"
        fixture = "script_base64_program.ps1"
    strings:
        $forward = /TV(qQAAMAAAAEAAAA|oAAAAAAAAAAAAA|pQAAIAAAAEAA8A|rQAAMAAAAEAAAA)[A-Za-z0-9+\/]{60}/
        $reverse = /[A-Za-z0-9+\/]{60}(AAAAEAAAAMAAQqVT|AA8AAEAAAAIAAQpVT)/
        $decode = /(FromBase64String[ \t]{0,2}\(|certutil[^\r\n]{0,20}-decode|bin\.base64|base64_decode[ \t]{0,2}\()/ nocase
        $use = /(WriteAllBytes[ \t]{0,2}\(|Assembly\]?(::|\.)[ \t]{0,2}Load[ \t]{0,2}\(|SaveToFile|-Encoding[ \t]Byte|start[ \t]{1,4}["'%]|\.Run[ \t(]|file_put_contents[ \t]{0,2}\()/ nocase
    condition:
        filesize < 20MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint8(0) != 0x3C and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and uint32be(0) != 0xD0CF11E0 and
        any of ($forward, $reverse) and $decode and $use
}

rule Dropper_Shell_Base64Elf
{
    meta:
        description = "Shell script that decodes a program to a temporary folder and starts it"
        reasoning = "The Base64 form of an ELF header, decoded into a dot-file or temporary folder, made executable. Self-extracting archives carry archives and ask where to install."
        reference = "T1027.009, T1140"
        severity = "high"
        fixture = "shell_base64_elf.sh"
    strings:
        $elf = /f0VMR[gQ][IE]BAQ[A-Za-z0-9+\/]{60}/
        $decode = /base64[ \t]{1,4}(-d|--decode|-D)[^\r\n]{0,60}>[ \t]{0,4}["']?(\/tmp|\/var\/tmp|\/dev\/shm|\/run|\$\(mktemp|\$\w{1,20}|\.\/\.|[^\r\n ]{0,40}\/\.)/
        $mode = /chmod[ \t]{1,4}(\+x|[ugoa]{1,3}\+x|7[0-7]{2}|0?777)[ \t]/
    condition:
        filesize < 20MB and uint16be(0) == 0x2321 and all of them
}

rule Loader_Python_Shellcode
{
    meta:
        description = "Python script that copies machine code into memory and starts it"
        reasoning = "Executable memory from the system, a copy, and a thread started there through ctypes: a loader. Bindings call functions of libraries; they carry no code."
        reference = "T1055, T1059.006"
        severity = "critical"
        fixture = "loader_python_shellcode.py"
    strings:
        $alloc = /(windll\.kernel32|kernel32)\.VirtualAlloc(Ex)?[ \t]{0,2}\(/
        $copy = /(RtlMoveMemory|WriteProcessMemory|memmove)[ \t]{0,2}\(/
        $start = /\.(CreateThread|CreateRemoteThread|QueueUserAPC|EnumWindows)[ \t]{0,2}\(/
        $code = /(\\x[0-9a-f]{2}){16}|b64decode[ \t]{0,2}\(|fromhex[ \t]{0,2}\(|urlopen[ \t]{0,2}\(|requests\.get[ \t]{0,2}\(/ nocase
    condition:
        filesize < 4MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Loader_Python_PackedExec
{
    meta:
        description = "Python script that is nothing but a packed text and its execution"
        reasoning = "exec over nested decoders around one long literal, at the start of the file: a program hidden from its readers. Build tools embed data, and import it."
        reference = "T1027, T1059.006"
        severity = "high"
        fixture = "loader_python_packed.py"
    strings:
        $direct = /exec[ \t]{0,2}\([ \t]{0,2}((__import__\([ \t]{0,2}["'](zlib|marshal|base64|lzma|bz2|codecs|gzip)["'][ \t]{0,2}\)|zlib|marshal|base64|lzma|bz2|codecs|gzip|getattr|compile)[.(][^\r\n"']{0,40}["'(]{0,4}){2,5}[^\r\n]{0,80}b?["'][A-Za-z0-9+\/=\\]{200}/
        $lambda = /_[ \t]{0,2}=[ \t]{0,2}lambda[ \t]{1,2}__[ \t]{0,2}:[ \t]{0,2}__import__\([ \t]{0,2}["'](zlib|marshal|lzma|bz2)["'][^\r\n]{0,120}\[::-1\][^\r\n]{0,20};[ \t]{0,2}exec[ \t]{0,2}\([ \t]{0,2}\(_\)\(b?["']/
    condition:
        filesize < 20MB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and
        ($direct in (0..4096) or $lambda in (0..4096))
}
