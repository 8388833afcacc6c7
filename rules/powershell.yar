/* SPDX-License-Identifier: Apache-2.0 */
/* PowerShell as attackers write it. Documentation shows most of these commands alone and readable;
 * rules ask for the hidden window, the bare address, the decoded blob, or several switches at once. */

rule PowerShell_HiddenEncoded
{
    meta:
        description = "Command line that starts PowerShell hidden with an encoded command"
        reasoning = "A hidden window together with a long Base64 command hides both the window and the text. Management software encodes commands but does not hide, or hides a named script."
        reference = "T1059.001, T1564.003"
        severity = "high"
        fixture = "powershell_encoded.bat"
    strings:
        $hidden_first = /powershell(\.exe)?["']?[ \t]{1,4}[^\r\n]{0,120}-w[a-z]{0,11}[ \t]{1,4}(h[a-z]{0,5}|1)[ \t]{1,4}[^\r\n]{0,100}-e[a-z]{0,14}[ \t]{1,4}["']?[A-Za-z0-9+\/]{120}/ nocase
        $hidden_last = /powershell(\.exe)?["']?[ \t]{1,4}[^\r\n]{0,120}-e[a-z]{0,14}[ \t]{1,4}["']?[A-Za-z0-9+\/=]{120,4000}["']?[ \t]{1,4}-w[a-z]{0,11}[ \t]{1,4}(h[a-z]{0,5}|1)\b/ nocase
    condition:
        filesize < 1MB and uint8(0) != 0x3C and uint8(0) != 0x7F and any of them
}

rule PowerShell_DownloadExecute_Address
{
    meta:
        description = "Script that runs what PowerShell downloads from a bare address or a paste site"
        reasoning = "Invoke-Expression on text fetched from an IP address or a raw paste. Installers that use the same one-liner fetch from a named host of their project."
        reference = "T1059.001, T1105"
        severity = "high"
        fixture = "powershell_download.ps1"
    strings:
        $iex_first = /\b(iex|Invoke-Expression)\b[ \t(&."']{1,8}[^\r\n]{0,80}(DownloadString|DownloadData|Invoke-WebRequest|iwr|irm|Invoke-RestMethod)[ \t("']{1,6}(-Uri[ \t]{1,2})?["']?https?:\/\/(([0-9]{1,3}\.){3}[0-9]{1,3}[:\/]|pastebin\.com\/raw|paste\.ee\/r|raw\.githack|transfer\.sh|[a-z0-9\-]{4,40}\.ngrok)/ nocase
        $iex_last = /(DownloadString|Invoke-WebRequest|iwr|irm|Invoke-RestMethod)[ \t("']{1,6}(-Uri[ \t]{1,2})?["']?https?:\/\/(([0-9]{1,3}\.){3}[0-9]{1,3}[:\/]|pastebin\.com\/raw|paste\.ee\/r|transfer\.sh|[a-z0-9\-]{4,40}\.ngrok)[^\r\n|]{0,120}\|[ \t]{0,4}(iex|Invoke-Expression)\b/ nocase
        $quiet = /(-w[a-z]{0,11}[ \t]{1,4}(h[a-z]{0,5}|1)[ \t"]|-exec?[a-z]{0,12}[ \t]{1,4}(bypass|unrestricted)|-ep[ \t]{1,4}bypass|-nop(rofile)?\b|-NonI)/ nocase
    condition:
        filesize < 64KB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and uint8(0) != 0x3C and
        (any of ($iex_first, $iex_last) and ($quiet in (0..512) or filesize < 1KB) and
            ($iex_first in (0..300) or $iex_last in (0..300)))
}

rule PowerShell_CharArray_Execute
{
    meta:
        description = "PowerShell script spelled in character codes and executed"
        reasoning = "Forty or more character codes joined into a string that is then invoked. Ordinary scripts spell single control characters this way."
        reference = "T1027"
        severity = "high"
        fixture = "powershell_chars.ps1"
    strings:
        $codes = /\[char\[\]\][ \t]{0,2}[\(@]{1,3}[ \t]{0,2}((0x)?[0-9a-f]{2,3}[ \t]{0,2},[ \t]{0,2}){40}/ nocase
        $joined = /(\[char\][ \t]{0,2}\(?(0x)?[0-9a-f]{2,3}\)?[ \t]{0,2}\+[ \t]{0,2}){20}/ nocase
        $run = /(\biex\b|Invoke-Expression|\[scriptblock\]::Create|\.Invoke\()/ nocase
    condition:
        filesize < 2MB and uint8(0) != 0x3C and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and any of ($codes, $joined) and $run
}

rule PowerShell_CompressedBlob_Execute
{
    meta:
        description = "PowerShell script that unpacks a Base64 blob and executes it"
        reasoning = "A decompression stream over a Base64 text of some length, read to its end into Invoke-Expression: a script inside a script, hidden from readers."
        reference = "T1027, T1140"
        severity = "high"
        fixture = "powershell_compressed.ps1"
    strings:
        $stream = /Compression\.(Gzip|Deflate)Stream/ nocase
        $decode = /FromBase64String[ \t]{0,2}\([ \t]{0,2}[\("'$]/ nocase
        $blob = /(FromBase64String[ \t]{0,2}\([ \t\(]{0,4}["']|["']H4sI)[A-Za-z0-9+\/=]{200}/
        $run = /(\biex\b|Invoke-Expression|\[scriptblock\]::Create)/ nocase
        $read = /\.ReadToEnd[ \t]{0,2}\(/ nocase
    condition:
        filesize < 4MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule PowerShell_AmsiInitFailed
{
    meta:
        description = "PowerShell that tells the script scanning interface it has failed"
        reasoning = "Setting the private field amsiInitFailed by reflection switches script scanning off for the process. Nothing else sets that field."
        reference = "T1562.001"
        severity = "critical"
        fixture = "powershell_amsi_field.ps1"
    strings:
        $set = /\.GetField[ \t]{0,2}\([ \t]{0,2}[^\r\n]{0,8}["']?ams[^\r\n,]{0,30}(InitFailed|ailed)["')]{1,3}[ \t]{0,2},[ \t]{0,2}["']NonPublic[ \t]{0,2},[ \t]{0,2}Static["'][ \t]{0,2}\)[ \t]{0,2}\.SetValue[ \t]{0,2}\([ \t]{0,2}\$null[ \t]{0,2},[ \t]{0,2}(\$true|1|!0)/ nocase
    condition:
        filesize < 1MB and uint8(0) != 0x7F and uint16(0) != 0x5A4D and uint8(0) != 0x3C and $set
}

rule PowerShell_AmsiBufferPatch
{
    meta:
        description = "Script or program that overwrites the script scanning function in memory"
        reasoning = "The name of the scanning function, the call that makes its page writable, and the six bytes that make it return an error. Providers register an interface; they do not patch it."
        reference = "T1562.001"
        severity = "critical"
        fixture = "powershell_amsi_patch.ps1"
    strings:
        $function = /Amsi["' +]{0,6}Scan["' +]{0,6}Buffer/ nocase
        $protect = /Virtual["' +]{0,6}Protect/ nocase
        $bytes = /0xB8[ \t]{0,2},[ \t]{0,2}0x57[ \t]{0,2},[ \t]{0,2}0x0{1,2}[ \t]{0,2},[ \t]{0,2}0x0?7[ \t]{0,2},[ \t]{0,2}0x80[ \t]{0,2},[ \t]{0,2}0xC[23]/ nocase
    condition:
        filesize < 1MB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule PowerShell_DefenderOff
{
    meta:
        description = "Script that switches off several parts of the Windows antivirus"
        reasoning = "Three or more protections disabled, or protections disabled and a whole drive excluded. Administrators tune single settings by policy."
        reference = "T1562.001"
        severity = "high"
        fixture = "powershell_defender.ps1"
    strings:
        $realtime = /-DisableRealtimeMonitoring[ \t]{1,4}(\$true|1)/ nocase
        $behavior = /-DisableBehaviorMonitoring[ \t]{1,4}(\$true|1)/ nocase
        $script = /-DisableScriptScanning[ \t]{1,4}(\$true|1)/ nocase
        $ioav = /-DisableIOAVProtection[ \t]{1,4}(\$true|1)/ nocase
        $block = /-DisableBlockAtFirstSeen[ \t]{1,4}(\$true|1)/ nocase
        $ips = /-DisableIntrusionPreventionSystem[ \t]{1,4}(\$true|1)/ nocase
        $maps = /-(MAPSReporting|SubmitSamplesConsent)[ \t]{1,4}(0|2|Disabled|NeverSend)/ nocase
        $drive = /Add-MpPreference[ \t]{1,4}-ExclusionPath[ \t]{1,4}["']?C:\\?["']?[ \t\r\n;"']/ nocase
    condition:
        filesize < 32KB and uint8(0) != 0x7F and uint8(0) != 0x3C and uint32be(0) != 0x2D2D2D0A and
        (3 of ($realtime, $behavior, $script, $ioav, $block, $ips, $maps) or ($drive and 1 of ($realtime, $behavior, $script, $ioav)))
}

rule PowerShell_ReflectiveShellcode
{
    meta:
        description = "PowerShell script that puts machine code into memory and starts it"
        reasoning = "Memory taken as executable, bytes copied there by the marshaller, and a thread or delegate on it: a loader. Scripts that call native functions import them; they carry no code."
        reference = "T1055, T1620"
        severity = "critical"
        fixture = "powershell_shellcode.ps1"
    strings:
        $alloc = /VirtualAlloc/ nocase
        $copy = /Marshal\]::Copy[ \t]{0,2}\(/ nocase
        $start = /(CreateThread|GetDelegateForFunctionPointer|QueueUserAPC|CreateRemoteThread)/ nocase
        $code = /(\[Byte\[\]\][^\r\n]{0,60}(0xfc,[ \t]{0,2}0x(e8|48|41)|FromBase64String[^\r\n]{0,8}["'\(\$])|["']\/(OiC|EiD|Eif|EiB)[A-Za-z0-9+\/]{60})/ nocase
    condition:
        filesize < 4MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule PowerShell_FormatOperator
{
    meta:
        description = "PowerShell script that shuffles its words with the format operator"
        reasoning = "Eight or more words rebuilt from numbered pieces in mixed order, and an invocation by name: the output of obfuscators. People use the operator to insert values into text."
        reference = "T1027"
        severity = "high"
        fixture = "powershell_format.ps1"
    strings:
        $word = /\([ \t]{0,2}["'](\{[0-9]{1,2}\}){3,16}["'][ \t]{0,2}-f[ \t]{0,2}["'][^"'\r\n]{0,12}["'][ \t]{0,2},/ nocase
        $run = /([&.][ \t]{0,2}\([ \t]{0,2}["'](\{[0-9]{1,2}\}){2,16}["']|\biex\b|Invoke-Expression)/ nocase
    condition:
        filesize < 2MB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and #word >= 8 and $run
}
