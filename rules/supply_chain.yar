/* SPDX-License-Identifier: Apache-2.0 */
/* Packages that attack whoever installs them: scripts of npm and pip, and stolen build secrets. */

rule SupplyChain_Npm_InstallDownload
{
    meta:
        description = "npm package whose install step downloads a script and runs it"
        reasoning = "A lifecycle script that pipes a download into a shell, or starts PowerShell hidden. Native packages call their build tool."
        reference = "T1195.002"
        severity = "high"
        fixture = "npm_install_download.json"
    strings:
        $name = /"name"[ \t]{0,2}:[ \t]{0,2}"/
        $script = /"(pre|post)?install"[ \t]{0,2}:[ \t]{0,2}"[^"\r\n]{0,120}((curl|wget)[ \t][^"|\r\n]{4,200}\|[ \t]{0,2}(sudo[ \t]{1,2})?(ba)?sh\b|(curl|wget)[ \t][^"\r\n]{0,80}https?:\/\/([0-9]{1,3}\.){3}[0-9]{1,3}|powershell[^"\r\n]{0,80}(-w[a-z]{0,11} {1,2}h|iex|iwr|-enc?[a-z]{0,12} ))/ nocase
    condition:
        filesize < 256KB and uint8(0) == 0x7B and all of them
}

rule SupplyChain_Npm_InstallExfil
{
    meta:
        description = "npm package whose install step sends the user's name and files to a collector"
        reasoning = "A lifecycle script that posts the host name, the user or a file to a request collector: seen in name-confusion attacks. Telemetry goes to the maker, from the program."
        reference = "T1195.002"
        severity = "high"
        fixture = "npm_install_exfil.json"
    strings:
        $name = /"name"[ \t]{0,2}:[ \t]{0,2}"/
        $script = /"(pre|post)?install"[ \t]{0,2}:[ \t]{0,2}"[^"\r\n]{0,200}(whoami|hostname|\/etc\/passwd|printenv|\benv\b|\bid\b)[^"\r\n]{0,200}(oastify\.com|burpcollaborator\.net|interact\.sh|oast\.(fun|pro|live|site|online|me)|pipedream\.net|webhook\.site|requestbin|ngrok(-free)?\.(io|app)|dnslog\.cn|canarytokens\.com)/ nocase
        $script2 = /"(pre|post)?install"[ \t]{0,2}:[ \t]{0,2}"[^"\r\n]{0,200}(oastify\.com|burpcollaborator\.net|interact\.sh|oast\.(fun|pro|live|site|online|me)|pipedream\.net|webhook\.site|requestbin|ngrok(-free)?\.(io|app)|dnslog\.cn|canarytokens\.com)[^"\r\n]{0,200}(whoami|hostname|\/etc\/passwd|printenv|\benv\b|\bid\b)/ nocase
    condition:
        filesize < 256KB and uint8(0) == 0x7B and $name and any of ($script, $script2)
}

rule SupplyChain_Js_EnvironmentExfil
{
    meta:
        description = "Node.js script that sends the whole environment to a collector"
        reasoning = "process.env as a whole in a request to a request collector, a bot or a bare address, from a small script. Crash reporters choose variables and name their maker's host."
        reference = "T1195.002, T1552"
        severity = "critical"
        fixture = "js_environment_exfil.js"
    strings:
        $env = /(JSON\.stringify|Buffer\.from|Object\.(entries|keys))[ \t]{0,2}\([ \t]{0,2}(JSON\.stringify[ \t]{0,2}\([ \t]{0,2})?process\.env[ \t]{0,2}[),]|\benv[ \t]{0,2}:[ \t]{0,2}process\.env\b/
        $where = /(oastify\.com|burpcollaborator\.net|interact\.sh|oast\.(fun|pro|live|site|online|me)|pipedream\.net|webhook\.site|requestbin\.|ngrok(-free)?\.(io|app)|dnslog\.cn|discord(app)?\.com\/api\/webhooks|api\.telegram\.org\/bot|(hostname|host)["']?[ \t]{0,2}:[ \t]{0,2}["']([0-9]{1,3}\.){3}[0-9]{1,3}["'])/
        $send = /(https?\.(request|get)[ \t]{0,2}\(|\bfetch[ \t]{0,2}\(|axios\.post[ \t]{0,2}\(|child_process)/
    condition:
        filesize < 200KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule SupplyChain_Npm_TokenWorm
{
    meta:
        description = "Script that finds package registry tokens and publishes with them"
        reasoning = "Reading registry tokens, asking whom they belong to, and publishing changed packages in one script: a worm among maintainers. Release tools publish one package with the token they are given. An archive that merely holds such files side by side is none of these."
        reference = "T1195.002"
        severity = "critical"
        fixture = "npm_token_worm.js"
    strings:
        $token = /(_authToken|NPM_TOKEN|\.npmrc)/
        $who = /(registry\.npmjs\.org\/-\/whoami|npm[ \t]{1,2}whoami|\/-\/npm\/v1\/tokens)/
        $publish = /npm["', \t]{1,6}publish/
        $hunt = /(trufflehog|maintainer:|\/-\/v1\/search\?text=maintainer)/
        $rewrite = /(postinstall|preinstall)["']?\]?[ \t]{0,2}[:=]/
    condition:
        filesize < 20MB and (filesize < 512 or uint32be(257) != 0x75737461) and
        uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}

rule SupplyChain_Python_SetupExecute
{
    meta:
        description = "Python package whose set-up runs decoded or downloaded code"
        reasoning = "A set-up script whose install command executes a decoded text or a download. Builds compile what is in the package."
        reference = "T1195.002"
        severity = "critical"
        fixture = "python_setup_execute.py"
    strings:
        $setup = /(from[ \t]{1,4}(setuptools|distutils\.core)[ \t]{1,4}import|import[ \t]{1,4}setuptools)/
        $command = /cmdclass[ \t]{0,2}=|setup[ \t]{0,2}\(/
        $decoded = /\b(exec|eval)[ \t]{0,2}\([ \t]{0,2}(__import__\([ \t]{0,2}["'](base64|zlib|marshal|codecs|builtins)["'][ \t]{0,2}\)|base64|zlib|marshal|codecs|compile[ \t]{0,2}\([ \t]{0,2}(base64|zlib))\.?[^\r\n]{0,20}(b64decode|decompress|loads|decode)[ \t]{0,2}\(/
        $download = /\b(exec|eval)[ \t]{0,2}\([ \t]{0,2}((urllib\.request\.)?urlopen|requests\.get)[ \t]{0,2}\([^\r\n]{4,200}\.(read[ \t]{0,2}\(|text|content)/
    condition:
        filesize < 1MB and uint8(0) != 0x3C and
        uint8(0) != 0x7F and $setup and $command and any of ($decoded, $download)
}

rule SupplyChain_Python_HostExfil
{
    meta:
        description = "Python package that reports host, user and folder to a collector when installed"
        reasoning = "The host name, the user and the environment posted to a request collector from a set-up script: a probe for name confusion or the first stage of one."
        reference = "T1195.002"
        severity = "high"
        fixture = "python_host_exfil.py"
    strings:
        $setup = /(from[ \t]{1,4}(setuptools|distutils\.core)[ \t]{1,4}import|import[ \t]{1,4}setuptools)/
        $host = /(socket\.gethostname|platform\.node|os\.uname)[ \t]{0,2}\(/
        $user = /(getpass\.getuser[ \t]{0,2}\(|os\.getlogin[ \t]{0,2}\(|os\.getcwd[ \t]{0,2}\(|os\.environ\b)/
        $where = /(oastify\.com|burpcollaborator\.net|interact\.sh|oast\.(fun|pro|live|site|online|me)|pipedream\.net|webhook\.site|requestbin\.|ngrok(-free)?\.(io|app)|dnslog\.cn|canarytokens\.com|discord(app)?\.com\/api\/webhooks|api\.telegram\.org\/bot)/
        $send = /(requests\.(get|post)|urlopen|http\.client|gethostbyname|urllib\.request)[ \t.(]/
    condition:
        filesize < 1MB and uint8(0) != 0x3C and uint8(0) != 0x7F and all of them
}

rule SupplyChain_Workflow_SecretsExfil
{
    meta:
        description = "Build workflow that sends all of its secrets to a host"
        reasoning = "The whole secrets context as text in a step that posts it. Workflows name the secrets they need, and log in with them."
        reference = "T1552, T1567"
        severity = "critical"
        fixture = "workflow_secrets.yml"
    strings:
        $secrets = /\$\{\{[ \t]{0,4}toJSON[ \t]{0,2}\([ \t]{0,2}secrets[ \t]{0,2}\)[ \t]{0,4}\}\}/ nocase
        $send = /(curl|wget)[ \t][^\r\n]{0,200}(-d|--data|--data-binary|--data-raw|-F|--post-data|-X[ \t]{0,2}POST|\|[ \t]{0,2}base64)[^\r\n]{0,200}/
        $runs = /runs-on:/
    condition:
        filesize < 64KB and uint8(0) != 0x3C and all of them
}
