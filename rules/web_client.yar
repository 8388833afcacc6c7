/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and page scripts that attack the visitor: phishing, smuggled files, card skimmers. */

rule Phishing_Html_TelegramForm
{
    meta:
        description = "Page that sends a typed password to a chat bot"
        reasoning = "A password field and a complete bot address with its token in one page. No service signs its users in through a chat bot's message call in the page."
        reference = "T1598.003, T1567"
        severity = "high"
        fixture = "phishing_telegram.html"
    strings:
        $field = /<input\b[^>]{0,200}type[ \t]{0,2}=[ \t]{0,2}["']?password/ nocase
        $bot = /api\.telegram\.org\/bot([0-9]{8,11}:[A-Za-z0-9_\-]{30,40}\/|["'` \t+$\{]{1,6}\w{1,30})/
        $chat = /chat_id/
    condition:
        filesize < 4MB and uint8(0) == 0x3C and all of them
}

rule Phishing_Php_Mailer
{
    meta:
        description = "PHP page that mails typed passwords or card numbers and sends the visitor to the real site"
        reasoning = "Password or card fields and the visitor's address put into a message, sent by mail or a bot, and a redirect to a well-known site. Shops hand such fields to a payment service and do not mail them."
        reference = "T1598.003"
        severity = "high"
        fixture = "phishing_mailer.php"
    strings:
        $open = "<?php" nocase
        $secret = /\$_(POST|REQUEST)[ \t]{0,2}\[[ \t]{0,2}["'](pass|passwd|password|pwd|pass1|cvv|cvv2|cc_number|ccnum|cardnumber|ssn|pin|otp)["'][ \t]{0,2}\]/ nocase
        $visitor = /\$_SERVER[ \t]{0,2}\[[ \t]{0,2}["'](REMOTE_ADDR|HTTP_CLIENT_IP)/
        $message = /\$\w{1,20}[ \t]{0,2}\.=[ \t]{0,2}["'][^"'\r\n]{0,40}(pass(word)?|card|cvv|ssn|pin|otp)[^"'\r\n]{0,20}[:=|]/ nocase
        $send = /(@?mail[ \t]{0,2}\([ \t]{0,2}\$|api\.telegram\.org\/bot)/
        $away = /Location:[ \t]{0,2}https?:\/\/([a-z0-9\-]{1,20}\.){0,3}(paypal|microsoft|microsoftonline|office|live|google|apple|icloud|amazon|netflix|facebook|instagram|dhl|chase|wellsfargo|bankofamerica|outlook|yahoo|adobe|dropbox|docusign|linkedin)\.com/ nocase
    condition:
        filesize < 64KB and $open in (0..400) and all of them
}

rule Phishing_Html_Smuggling
{
    meta:
        description = "Page that assembles a file in the browser and saves it without a click"
        reasoning = "A long Base64 text that begins as an archive, disk image or program, made into a blob and clicked by script: passes mail filters as a page. Export functions save what the user made, on his click."
        reference = "T1027.006"
        severity = "high"
        fixture = "html_smuggling.html"
    strings:
        $tag = /<(script|svg)\b/ nocase
        $data = /["'`](UEsDB[BA]|TVqQAAM|TVpQAAI|TVoAAA|N3q8ry|UmFyIR|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA|TVNDRg|0M8R4K)[A-Za-z0-9+\/]{400}/
        $decode = /\batob[ \t]{0,2}\(/
        $blob = /new[ \t]{1,4}(window\.)?(Blob|File)[ \t]{0,2}\(/
        $save = /(msSaveOrOpenBlob|msSaveBlob|createObjectURL)[ \t]{0,2}\(/
        $name = /\.download[ \t]{0,2}=|setAttribute\([ \t]{0,2}["']download|msSaveOrOpenBlob/
        $click = /(\.click[ \t]{0,2}\([ \t]{0,2}\)|msSaveOrOpenBlob)/
    condition:
        filesize < 50MB and uint8(0) == 0x3C and all of them
}

rule Phishing_Html_ClipboardCommand
{
    meta:
        description = "Page that puts a command on the clipboard and tells the visitor to run it"
        reasoning = "A command for PowerShell or mshta with an address copied by script, and instructions to press the Windows key with R and paste: a fake check for humans. Manuals show commands; they do not copy hidden ones."
        reference = "T1204.004"
        severity = "critical"
        fixture = "clipboard_command.html"
    strings:
        $tag = /<(script|svg)\b/ nocase
        $copy = /(navigator\.clipboard\.writeText|document\.execCommand[ \t]{0,2}\([ \t]{0,2}["']copy)/
        $command = /(powershell(\.exe)?[^\r\n<]{0,80}(-w[a-z]{0,11} {1,2}(h|1)|iex|irm|iwr|-enc?[a-z]{0,12} )|mshta(\.exe)?[ \t]{1,2}["'\\]{0,2}https?:\/\/)/ nocase
        $keys = /(Win(dows)?([ \t]{0,2}(key|button|logo))?(<\/?[a-z]{1,6}>)?[ \t]{0,2}(\+|&plus;|and)[ \t]{0,2}(<\/?[a-z]{1,6}>)?R\b)/ nocase
        $paste = /(Ctrl|Control)(<\/?[a-z]{1,6}>)?[ \t]{0,2}(\+|&plus;|and)[ \t]{0,2}(<\/?[a-z]{1,6}>)?V\b/ nocase
    condition:
        filesize < 4MB and uint8(0) == 0x3C and all of them
}

rule Skimmer_Js_Checkout
{
    meta:
        description = "Page script that reads card fields at the checkout and sends them encoded elsewhere"
        reasoning = "A test for the checkout address, card fields by their form names, Base64 of the gathered values, and a picture or beacon to a foreign host. Payment scripts post to their own provider, unencoded over TLS."
        reference = "T1056.003"
        severity = "high"
        fixture = "skimmer_checkout.js"
    strings:
        $where = /location(\.href|\.pathname|\.hash)?[^\r\n;]{0,60}(checkout|onepage|onestep|payment)/ nocase
        $fields = /(cc_number|ccnumber|card_?number|cc_cid|cc-number|cvv|cvc|cc_exp)/ nocase
        $read = /(querySelectorAll|getElementsByTagName)[ \t]{0,2}\([ \t]{0,2}["'][^"'\r\n]{0,40}(input|select)/
        $encode = /\b(btoa|encodeURIComponent|JSON\.stringify)[ \t]{0,2}\([ \t]{0,2}(btoa|JSON\.stringify|encodeURIComponent|unescape)[ \t]{0,2}\(/
        $image = "new Image"
        $beacon = "navigator.sendBeacon"
        $element = /createElement[ \t]{0,2}\([ \t]{0,2}["'](img|script)["']/
        $src = /\.src[ \t]{0,2}=[ \t]{0,2}["'](https?:)?\/\/[^"'\r\n]{4,80}\?[^"'\r\n]{0,20}=["'][ \t]{0,2}\+/
    condition:
        filesize < 512KB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and all of ($where, $fields, $read, $encode, $src) and any of ($image, $beacon, $element)
}

rule Skimmer_Js_HiddenLoader
{
    meta:
        description = "Page script that decodes a script address only on the checkout page"
        reasoning = "A decoded address put into a new script element when the page's address names the checkout, and not otherwise: analysts who load the front page see nothing."
        reference = "T1056.003, T1027"
        severity = "medium"
        fixture = "skimmer_loader.js"
    strings:
        $test = /(checkout|onepage|onestepcheckout|\bcart\b)[^\r\n]{0,40}\.test[ \t]{0,2}\([ \t]{0,2}(window\.|document\.)?location|location[^\r\n;]{0,30}\.(indexOf|includes|match|search)[ \t]{0,2}\([ \t]{0,2}(atob[ \t]{0,2}\([ \t]{0,2}["'](Y2hlY2tvdXQ|b25lcGFnZ)|["'\/](checkout|onepage))/ nocase
        $load = /createElement[ \t]{0,2}\([ \t]{0,2}["']script["'][ \t]{0,2}\)/ nocase
        $address = /\.src[ \t]{0,2}=[ \t]{0,2}(window\.)?atob[ \t]{0,2}\([ \t]{0,2}["'](aHR0c|Ly9)[A-Za-z0-9+\/=]{12,200}["']/
    condition:
        filesize < 512KB and uint16be(0) != 0x2320 and uint8(0) != 0x7F and all of them
}

rule Inject_Php_SearchEngineCloak
{
    meta:
        description = "PHP page that shows other content to search engines, fetched from a decoded address"
        reasoning = "A test for the search engines' robots, an address hidden in Base64, and the fetched text printed: the injected code behind search spam. Sites that treat robots apart have no hidden source."
        reference = "T1505.003, T1608.006"
        severity = "high"
        fixture = "search_cloak.php"
    strings:
        $open = "<?php" nocase
        $robots = /(googlebot|google|bing|yahoo|baidu|yandex)[^\r\n"']{0,12}\|[^\r\n"']{0,80}(bot|bing|yahoo|slurp|baidu|yandex|google)/ nocase
        $agent = /HTTP_(USER_AGENT|REFERER)/
        $source = /(file_get_contents|curl_init|curl_setopt|fopen)[ \t]{0,2}\([^\r\n;]{0,40}(base64_decode|str_rot13|hex2bin)[ \t]{0,2}\([ \t]{0,2}["'](aHR0c|uggc|687474)[A-Za-z0-9+\/=:.]{8,200}/
        $print = /\b(echo|print|eval|die|exit)\b/
    condition:
        filesize < 512KB and $open in (0..400) and all of them
}
