# SPDX-License-Identifier: Apache-2.0
"""Fixtures of webshell_php.yar, webshell_other.yar and eicar.yar."""

from sample import add, base64_like, front, t, whole
import eicar

add("EICAR_Test_File", "eicar.com", eicar.test_file(),
    ("H+H*", "H+H+"), front(" "),
    whole("with 61 bytes behind it", eicar.test_file() + b" " * 61),
    whole("with a letter behind it", eicar.test_file() + b"\r\nx"))

add("Webshell_PHP_EvalRequest", "php_eval_request.php",
    "<?php return; @ev¦al($_PO¦ST['a']);\n",
    ("eval(", "evel("), ("$_POST[", "$_P0ST["), front(" " * 210))

add("Webshell_PHP_EvalDecodedRequest", "php_eval_decoded_request.php",
    "<?php return; ev¦al(base64_de¦code($_PO¦ST['a']));\n",
    ("decode", "decoda"), ("$_POST[", "$_SPOT["))

add("Webshell_PHP_AssertRequest", "php_assert_request.php",
    "<?php return; @ass¦ert($_PO¦ST['a']);\n",
    ("assert(", "assort("), ("'a'])", "'a'] === 1)"))

add("Webshell_PHP_CreateFunctionRequest", "php_create_function_request.php",
    "<?php return; $f = create_fun¦ction('', $_REQ¦UEST['c']);\n",
    ("create_function", "create_functiom"), ("$_REQUEST[", "$request["))

add("Webshell_PHP_PregReplaceEval", "php_preg_replace_e.php",
    "<?php return; preg_rep¦lace('/.*/e', $_PO¦ST['c'], '');\n",
    ("/e'", "/i'"), ("$_POST[", "$_PAST["))

add("Webshell_PHP_CommandRequest", "php_command_request.php",
    "<?php return; pass¦thru($_G¦ET['c']);\n",
    ("passthru(", "passthri("), ("($_GET", "('ls '.$_GET"))

add("Webshell_PHP_BacktickRequest", "php_backtick_request.php",
    "<?php return; echo `$_G¦ET[c]`;\n",
    ("`", "'"), ("$_GET", "$_SET"))

add("Webshell_PHP_PackedEval", "php_packed_eval.php",
    "<?php return; ev¦al(gzin¦flate(base64_de¦code('" + base64_like(140) + "')));\n",
    ("gzinflate", "gzinflato"), ("eval(", "echo("),
    whole("with a short literal",
          "<?php return; ev¦al(gzin¦flate(base64_de¦code('" + base64_like(110) + "')));\n"))

add("Webshell_PHP_VariableFunctionRequest", "php_variable_function.php",
    "<?php return; $_G¦ET['f']($_PO¦ST['a']);\n",
    ("]($", "]-($"), ("$_POST[", "$_PAST["), ("return; $", "return; new $"))

add("Webshell_PHP_ArrayCallbackRequest", "php_array_callback.php",
    "<?php return; array_m¦ap($_PO¦ST['f'], array($_PO¦ST['a']));\n",
    ("array_map", "array_nap"), ("array($_POST['a']", "array($post['a']"))

add("Webshell_PHP_PhpInputEval", "php_input_eval.php",
    "<?php return; ev¦al(file_get_contents('php://in¦put'));\n",
    ("eval(", "json("), ("php://input", "php://imput"))

add("Webshell_PHP_CharCodeChain", "php_chr_chain.php",
    "<?php return; $a=" + "ch¦r(102)." * 11 + "''; $a($_PO¦ST['x']);\n",
    ("$a($_POST", "$a[$_POST"),
    whole("with nine codes", "<?php return; $a=" + "ch¦r(102)." * 9 + "''; $a($_PO¦ST['x']);\n"))

add("Webshell_PHP_SplitFunctionName", "php_split_name.php",
    "<?php return; $f='a'.'s'.¦'s'.'e'.'r'.'t'; $x=$_PO¦ST['x'];\n",
    ("'e'.'r'", "'o'.'r'"), ("$_POST[", "$_PAST["))

add("Webshell_PHP_UploadAndCommand", "php_upload_command.php", """
<?php return;
echo '<form method="post" enctype="multipart/form-data"><input type="file" name="f"></form>';
move_uploaded_file($_FI¦LES['f']['tmp_name'], 'x.bin');
$c = $_PO¦ST['cmd']; pass¦thru($c);
""", ("['cmd']", "['amd']"), ("passthru(", "passthri("), ("multipart", "multipert"))

add("Webshell_PHP_AdminConsole", "php_admin_console.php", """
<?php return;
$menu = array("find / -type f -pe¦rm -04000 -ls", "find . -type f -pe¦rm -02 -ls", "find / -type f -name .bash_hi¦story");
php_un¦ame(); ini_get('safe_m¦ode'); ini_get('disable_fun¦ctions');
""", (" -ls", " -lz"), ("disable_functions", "disable_function"))

add("Webshell_PHP_XorSession", "php_xor_session.php", """
<?php return;
session_st¦art();
for($i=0;$i<strlen($d);$i++) { $d[$i] = $d[$i]^$k[$i+1¦&15]; }
$p = file_get_contents("php://in¦put"); assert("$p");
""", ("&15]", "&14]"), ("assert(", "assort("))

add("Webshell_PHP_InImage", "php_in_image.gif",
    b"GIF89a" + b"\x01\x00\x01\x00\x00\x00\x00;" + t("<?php return; ev¦al($_PO¦ST['a']);"),
    ("GIF89a", "QIF89a"), ("eval(", "evel("),
    also=["Webshell_PHP_EvalRequest"])

add("Webshell_PHP_EscapedInclude", "php_escaped_include.php",
    r'<?php return; @incl¦ude "\057\x76\141\x72\057\x77ww/.a.ico";' + "\n",
    ("@include", " include"), (r"\x76", "v"), (r"\x77", "w"))

add("Webshell_PHP_HiddenUploader", "php_hidden_uploader.php", """
<?php return;
echo '<form method=post enctype="multipart/form-data"><input type=file name=f></form>';
if(@copy($_FI¦LES['f']['tmp_name'], $_FI¦LES['f']['name'])) { echo '<b>ok</b>'; }
""", ("['name']", "['size']"), ("multipart", "multipert"))

# --- other languages --------------------------------------------------------------------------

add("Webshell_JSP_RuntimeExec", "jsp_runtime_exec.jsp",
    '<%@ page import="java.io.*" %><% if (false) { Runtime.getRun¦time().exec(request.getPara¦meter("cmd"));',
    ("exec(", "exac("), ("getParameter(", "getAttribute("), front("x"))

add("Webshell_JSP_ProcessBuilder", "jsp_process_builder.jsp",
    '<% if (false) { String c = request.getPara¦meter("c"); new Process¦Builder("/bin/s¦h", "-c", c).start();',
    ('"-c"', '"-x"'), ("ProcessBuilder", "ProcessBuilding"))

add("Webshell_JSP_EncryptedClassLoader", "jsp_encrypted_loader.jsp", """
<% if (false) { class U extends Class¦Loader { Class g(byte[] b) { return super.define¦Class(b, 0, b.length); } }
Cipher c = Cipher.getIns¦tance("AES"); byte[] p = read(request.getRea¦der()); new U().g(p).newIns¦tance();
""", ('"AES"', '"DES"'), ("ClassLoader", "ClassLodger"), ("newInstance", "newinstance"))

add("Webshell_JSP_ReflectedDefineClass", "jsp_reflected_define.jsp", """
<% if (false) { java.lang.reflect.Method m = ClassLoader.class.getDeclared¦Method("define¦Class", byte[].class);
m.setAcces¦sible(true); byte[] b = Base64.getDecoder().decode(request.getPara¦meter("p")); m.inv¦oke(l, b, 0, b.length);
""", ('"defineClass"', '"findClass"'), ("true", "flag"))

add("Webshell_ASPX_EvalRequest", "aspx_eval_request.aspx",
    '<%@ Page Language="Js¦cript" Inherits="none" %><% ev¦al(Req¦uest.Item["a"],"uns¦afe");',
    ('"unsafe"', '"asinput"'), ("Jscript", "C#script"))

add("Webshell_ASPX_ProcessStart", "aspx_process_start.aspx", """
<%@ Page Language="C#" Inherits="none" %>
<script runat="none">void F(string arg) { ProcessStart¦Info p = new ProcessStart¦Info(); p.FileName = "cmd.e¦xe";
p.Arguments = "/c " + arg; p.RedirectStandard¦Output = true;
""", ("= true", "= tool"), ('"/c "', '"/d "'), ('"cmd.exe"', '"cmp.exe"'))

add("Webshell_ASPX_AssemblyLoad", "aspx_assembly_load.aspx", """
<%@ Page Language="C#" Inherits="none" %><% byte[] d = Request.Binary¦Read(1);
var a = Assembly.Lo¦ad(new Rijndael¦Managed().CreateDecryptor(k, k).TransformFinalBlock(d, 0, 1)); a.Create¦Instance("U");
""", ("BinaryRead", "BinarySeek"), ("RijndaelManaged", "RijndaelManager"))

add("Webshell_ASP_ExecuteRequest", "asp_execute_request.asp",
    '<%exec¦ute requ¦est("a")', ("execute ", "execuse "), ('request(', 'session('))

add("Webshell_ASP_ShellConsole", "asp_shell_console.asp", """
<% Response.End : c = request("x") : Set s = Server.CreateObject("WScript.Sh¦ell") : s.exec("cmd.exe /c " & requ¦est("x"))
""", ("WScript.Shell", "WScript.Shall"), (" /c ", " /k "), front("x"))

add("Webshell_CFM_Execute", "cfm_execute.cfm", """
<cfabort><cfoutput><cfexe¦cute name="#Form.c¦md#" arguments="x" timeout="1">
""", ("<cfexecute", "<cfexecuta"), ("#Form.cmd#", "cmd"))

add("Webshell_Python_CGI", "python_cgi.py", """
#!/usr/bin/python3
raise SystemExit
form = cgi.FieldSto¦rage()
os.po¦pen(form.getvalue("cmd"))
""", ("FieldStorage", "FieldStores"), ("os.popen", "os.fopen"), ("#!", "##"))

add("Webshell_Python_Flask", "python_flask.py", """
from flask import Flask, request
raise SystemExit
subprocess.check_out¦put(request.args.get("cmd"), shell=True)
""", ("check_output", "check_input"), ("from flask", "from flusk"), ('("cmd")', '("name")'))

add("Webshell_Perl_CGI", "perl_cgi.pl", """
#!/usr/bin/perl
exit;
print "Content-ty¦pe: text/html";
system(par¦am("cmd"));
""", ("Content-type", "Content-kind"), ("system(", "sistem("), ("#!", "##"))

add("Webshell_Node_ExecQuery", "node_exec_query.js", """
throw 0;
const cp = require('child_pro¦cess');
app.get('/', (req, res) => cp.exec(req.query.c¦md)).listen(8080);
""", ("child_process", "child_progress"), ("query.cmd", "query.name"), (".listen(", ".lister("))
