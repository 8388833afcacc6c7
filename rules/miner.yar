/* SPDX-License-Identifier: Apache-2.0 */
/* Coin miners, their configurations, and the scripts that bring them. Mining is not a crime, mining
 * on other people's machines is: rules look for a wallet in place, for hiding and for competition. */

rule Miner_Config_Wallet
{
    meta:
        description = "Configuration of a RandomX miner with pool and wallet filled in"
        reasoning = "The keys of a miner's JSON file and a complete wallet address as user. Shipped examples carry a placeholder; a filled one on a server means somebody is being paid for its electricity."
        reference = "T1496"
        severity = "medium"
        fixture = "miner_config.json"
    strings:
        $pools = /"pools"[ \t]{0,2}:[ \t]{0,2}\[/
        $donate = /"donate-level"[ \t]{0,2}:/
        $url = /"url"[ \t]{0,2}:[ \t]{0,2}"[^"\r\n]{4,120}:[0-9]{2,5}"/
        $wallet = /"user"[ \t]{0,2}:[ \t]{0,2}"(4[0-9AB][1-9A-HJ-NP-Za-km-z]{93}|8[0-9A-B][1-9A-HJ-NP-Za-km-z]{93})/
    condition:
        filesize < 64KB and uint8(0) == 0x7B and all of them
}

rule Miner_Script_HiddenStart
{
    meta:
        description = "Script that starts a miner with pool and wallet in the background"
        reasoning = "A stratum address and a complete wallet on a command line that is silenced, detached or started from a temporary folder. Somebody who mines for himself has no reason to hide it."
        reference = "T1496"
        severity = "high"
        fixture = "miner_start.sh"
    strings:
        $pool = /(-o|--url)[ \t=]{1,4}["']?((stratum\+)?(tcp|ssl|tls):\/\/)?[0-9a-zA-Z.\-]{4,80}:[0-9]{2,5}/
        $wallet = /(-u|--user)[ \t=]{1,4}["']?(4[0-9AB][1-9A-HJ-NP-Za-km-z]{93}|8[0-9A-B][1-9A-HJ-NP-Za-km-z]{93}|0x[0-9a-fA-F]{40}|bc1[0-9a-z]{39})/
        $hide = /(nohup[ \t]|>[ \t]{0,2}\/dev\/null|--background|setsid[ \t]|\/dev\/shm\/|\/tmp\/\.|\/var\/tmp\/\.|-windowstyle hidden|start \/b)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x3C and all of them and uint8(0) != 0x7F and uint16(0) != 0x5A4D
}

rule Miner_Systemd_Unit
{
    meta:
        description = "systemd unit that keeps a miner running"
        reasoning = "A service whose start line has a pool, a port and a complete wallet address. Set up under a quiet name, it survives reboots and kills."
        reference = "T1496, T1543.002"
        severity = "high"
        fixture = "miner.service"
    strings:
        $unit = /\[(Unit|Service)\][ \t]{0,4}\r?\n/
        $start = /ExecStart[ \t]{0,2}=[^\r\n]{1,200}(-o|--url)[ \t=]{1,4}[^\r\n]{4,120}:[0-9]{2,5}[^\r\n]{0,120}(-u|--user)[ \t=]{1,4}(4[0-9AB]|8[0-9AB])[1-9A-HJ-NP-Za-km-z]{93}/
    condition:
        filesize < 16KB and $unit in (0..512) and $start
}

rule Miner_Script_KillsCompetitors
{
    meta:
        description = "Script that kills other people's miners"
        reasoning = "Killing processes by the names of several known miners or of pool ports clears the machine for one's own. Administrators remove one infection, they do not carry the list."
        reference = "T1496, T1562"
        severity = "high"
        fixture = "miner_kills.sh"
    strings:
        $kill = /(pkill[ \t]{1,4}(-9[ \t]{1,4})?-f|killall[ \t]{1,4}(-9[ \t]{1,4})?|grep[ \t]{1,4}(-[a-zA-Z]{1,3}[ \t]{1,4})?["']?)[ \t]{0,4}["']?(kdevtmpfsi|kinsing|xmrig|xmr-stak|minerd|cryptonight|stratum|ddgs|qW3xT|kthrotlds|sustes|sysupdate|networkservice|watchbog|pnscan|masscan|dbused|\.rsync|sysguard|solrd|monero|minexmr|nanopool|c3pool|supportxmr)/ nocase
        $how = /(xargs[ \t]{1,4}(-r[ \t]{1,4}|-I[ \t]{0,2}\S{1,4}[ \t]{1,4})?kill[ \t]{1,4}-9|pkill[ \t]{1,4}|killall[ \t]{1,4})/
    condition:
        filesize < 512KB and uint16be(0) == 0x2321 and #kill >= 4 and $how
}

rule PUA_Miner_Elf
{
    meta:
        description = "Coin miner program for Linux"
        reasoning = "A program that speaks stratum, names the RandomX or CryptoNight algorithms and has the options of a miner. Not malware where its owner put it; on a server mostly an intruder's."
        reference = "T1496"
        severity = "medium"
        fixture = "miner_elf"
    strings:
        $stratum = /stratum\+(tcp|ssl):\/\//
        $donate = /donate[.\-](level|over-proxy|v2\.)/
        $algo = /(randomx\/|cryptonight\/|rx\/|cn\/)(0|1|2|r|wow|arq|half|fast|gpu)\x00/
        $login = /"(method|jsonrpc)"[: ]{1,3}"(login|mining\.subscribe|2\.0)"|mining\.(authorize|subscribe|submit)/
    condition:
        uint32be(0) == 0x7F454C46 and filesize < 32MB and all of them
}

rule Miner_Browser_Embedded
{
    meta:
        description = "Web page that mines in its visitors' browsers"
        reasoning = "The constructor of a browser miner with a site key, and its start. Block lists name the scripts; only a mining page constructs and starts one."
        reference = "T1496"
        severity = "medium"
        fixture = "miner_browser.html"
    strings:
        $make = /new[ \t]{1,4}(CoinHive|CoinImp|deepMiner|CryptoLoot|Client|CRLT|JSECoin|WebMinePool)\.(Anonymous|User|Token)[ \t]{0,2}\([ \t]{0,2}["'][A-Za-z0-9]{16,64}["']/
        $start = /\b(miner|\w{1,20})\.start[ \t]{0,2}\(/
    condition:
        filesize < 2MB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and all of them
}

rule Miner_Browser_WasmPool
{
    meta:
        description = "Script that mines with WebAssembly over a WebSocket"
        reasoning = "WebAssembly, a hash named CryptoNight or RandomX, jobs and nonces over a WebSocket, and threads counted from the processor: a miner's whole loop in one page script."
        reference = "T1496"
        severity = "medium"
        fixture = "miner_wasm.js"
    strings:
        $wasm = /WebAssembly\.(instantiate|compile|Module)/
        $hash = /(cryptonight|randomx|cn_slow_hash|cryptonight_hash)/ nocase
        $socket = /new[ \t]{1,4}WebSocket[ \t]{0,2}\(/
        $job = /["']?job_id["']?[ \t]{0,2}[:=\]]/
        $nonce = /["']?nonce["']?[ \t]{0,2}[:=]/
        $threads = "navigator.hardwareConcurrency"
    condition:
        filesize < 4MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint16be(0) != 0x2320 and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule Miner_PowerShell_Installer
{
    meta:
        description = "PowerShell script that downloads a miner and schedules it"
        reasoning = "A download into a temporary or profile folder, the switches of a miner, and a scheduled task or Run key in one script: installation without the owner."
        reference = "T1496, T1053.005"
        severity = "high"
        fixture = "miner_installer.ps1"
    strings:
        $fetch = /(DownloadFile[ \t]{0,2}\(|Invoke-WebRequest[ \t]|Start-BitsTransfer[ \t]|\biwr[ \t])/ nocase
        $switch = /(--donate-level|--cpu-priority|--cpu-max-threads-hint|--randomx-|--nicehash)/ nocase
        $pool = /(stratum\+(tcp|ssl):\/\/|(-o|--url)[ \t=]{1,4}[0-9a-z.\-]{4,80}:[0-9]{2,5})/ nocase
        $again = /(schtasks(\.exe)?[ \t]{1,4}\/create|Register-ScheduledTask|New-ScheduledTaskTrigger|CurrentVersion\\Run)/ nocase
        $place = /(\$env:(TEMP|APPDATA|LOCALAPPDATA|PUBLIC|ProgramData)|%(TEMP|APPDATA)%|\\Users\\Public)/ nocase
    condition:
        filesize < 256KB and uint8(0) != 0x3C and uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}
