/* SPDX-License-Identifier: Apache-2.0 */
/* Webshells in other languages of the web: JSP, ASP, ASP.NET, ColdFusion, Python, Perl, Node.js. */

rule Webshell_JSP_RuntimeExec
{
    meta:
        description = "JSP page that executes a request parameter"
        reasoning = "Runtime.exec() with request.getParameter() as the command, in a page. Applications that start programs name them; they do not take the whole line from the visitor."
        reference = "T1505.003"
        severity = "high"
        fixture = "jsp_runtime_exec.jsp"
    strings:
        $direct = /getRuntime\(\)[ \t\r\n]{0,8}\.exec\([ \t]{0,4}(new String\[\][ \t]{0,2}\{[^}\r\n]{1,60},[ \t]{0,4})?["' \w\/.+-]{0,40}request\.getParameter\(/
        $variable = /String (\[\] )?(cmd|command|c|cmds|shell)[ \t]{0,4}=[ \t]{0,4}request\.getParameter\(/
        $run = /getRuntime\(\)[ \t\r\n]{0,8}\.exec\([ \t]{0,4}(cmd|command|c|cmds|shell|new String\[\][ \t]{0,2}\{[ \t]{0,4}"(\/bin\/(ba)?sh|cmd(\.exe)?)")/
    condition:
        filesize < 100KB and (uint16be(0) == 0x3C25 or uint32be(0) == 0x3C6A7370 or uint16be(0) == 0x3C68 or uint16be(0) == 0x3C46) and
        ($direct or ($variable and $run))
}

rule Webshell_JSP_ProcessBuilder
{
    meta:
        description = "JSP page that starts a shell with a request parameter"
        reasoning = "A page building /bin/sh -c or cmd /c around request.getParameter() runs what the visitor types; server code has no shell to offer."
        reference = "T1505.003"
        severity = "high"
        fixture = "jsp_process_builder.jsp"
    strings:
        $builder = /new[ \t]{1,4}(java\.lang\.)?ProcessBuilder[ \t]{0,4}\(/
        $shell = /"(\/bin\/(ba)?sh"[ \t]{0,4},[ \t]{0,4}"-c|cmd(\.exe)?"[ \t]{0,4},[ \t]{0,4}"\/c)"[ \t]{0,4},[ \t]{0,4}(request\.getParameter\(|cmd|command|c\b)/ nocase
        $request = /request\.getParameter\([ \t]{0,2}["']\w{1,20}["'][ \t]{0,2}\)/
    condition:
        filesize < 100KB and uint16be(0) == 0x3C25 and all of ($builder, $shell, $request)
}

rule Webshell_JSP_EncryptedClassLoader
{
    meta:
        description = "JSP agent that decrypts a class from the request and loads it"
        reasoning = "A class loader of its own, AES over the posted line, and an instance of the result made at once: the server half of encrypted webshell managers. Pages never define classes from request bodies."
        reference = "T1505.003, T1620"
        severity = "critical"
        fixture = "jsp_encrypted_loader.jsp"
    strings:
        $loader = /class[ \t]{1,4}\w{1,20}[ \t]{1,4}extends[ \t]{1,4}ClassLoader/
        $define = /(super\.)?defineClass[ \t]{0,2}\([ \t]{0,2}\w{1,20}[ \t]{0,2},[ \t]{0,2}0[ \t]{0,2},/
        $cipher = /Cipher\.getInstance\([ \t]{0,2}"AES/
        $body = /(request\.getReader\(\)|getInputStream\(\)|request\.getParameter\([ \t]{0,2}\w{1,20}[ \t]{0,2}\))/
        $make = ".newInstance()"
    condition:
        filesize < 100KB and uint16be(0) == 0x3C25 and all of them
}

rule Webshell_JSP_ReflectedDefineClass
{
    meta:
        description = "JSP page that reaches defineClass by reflection to run posted code"
        reasoning = "Looking up the protected method defineClass of ClassLoader, opening it, and feeding it Base64 from a parameter is done to load a payload into the server's memory without a file."
        reference = "T1620"
        severity = "critical"
        fixture = "jsp_reflected_define.jsp"
    strings:
        $lookup = /getDeclaredMethod\([ \t]{0,2}"defineClass"/
        $open = /setAccessible\([ \t]{0,2}true[ \t]{0,2}\)/
        $base64 = /(Base64|BASE64Decoder|decodeBuffer|parseBase64Binary)/
        $request = /request\.getParameter\(/
        $invoke = /\.invoke\([^\r\n]{1,120}/
    condition:
        filesize < 100KB and uint16be(0) == 0x3C25 and all of them
}

rule Webshell_ASPX_EvalRequest
{
    meta:
        description = "ASP.NET page that evaluates a request item as JScript"
        reasoning = "eval(Request.Item[...], \"unsafe\") in a JScript page is the one-line shell that attack consoles expect; the word unsafe lifts the evaluator's restrictions."
        reference = "T1505.003"
        severity = "critical"
        fixture = "aspx_eval_request.aspx"
    strings:
        $page = /<%@[ \t]{0,4}(Page|WebHandler|WebService)[^%]{0,80}Language[ \t]{0,2}=[ \t]{0,2}["']?(Jscript|JavaScript)/ nocase
        $eval = /eval[ \t]{0,4}\([^\r\n]{0,80}Request(\.Item|\.Form|\.QueryString|\.Headers|\.Cookies)?[ \t]{0,2}[\[(][^\r\n]{1,80},[ \t]{0,4}["']?\w{0,4}\(?["'+ a-z]{0,4}unsafe/ nocase
    condition:
        filesize < 100KB and $page in (0..2048) and $eval
}

rule Webshell_ASPX_ProcessStart
{
    meta:
        description = "ASP.NET page that starts cmd.exe with the visitor's text"
        reasoning = "A page that starts the command interpreter with /c and shows its output. Server applications do not offer a console in a page."
        reference = "T1505.003, T1059.003"
        severity = "high"
        fixture = "aspx_process_start.aspx"
    strings:
        $page = /<%@[ \t]{0,4}(Page|WebHandler)[^%]{0,80}Language/ nocase
        $start = /\b(ProcessStartInfo|Process\.Start|new Process)\b/
        $cmd = /["'](c:\\{1,2}windows\\{1,2}system32\\{1,2})?(cmd|powershell)(\.exe)?["']/ nocase
        $argument = /["']\/c[ \t]{0,2}["'][ \t]{0,4}(\+|&)[ \t]{0,4}(Request|arg|cmd|command|\w{1,20}\.Text)/ nocase
        $output = /RedirectStandardOutput[ \t]{0,4}=[ \t]{0,4}true/ nocase
    condition:
        filesize < 200KB and $page in (0..2048) and all of ($start, $cmd, $argument, $output)
}

rule Webshell_ASPX_AssemblyLoad
{
    meta:
        description = "ASP.NET agent that decrypts an assembly from the request and runs it"
        reasoning = "Reading the raw body, decrypting it with a fixed key and handing it to Assembly.Load is how memory-only shells arrive; an application loads its assemblies from its own folder."
        reference = "T1620"
        severity = "critical"
        fixture = "aspx_assembly_load.aspx"
    strings:
        $page = /<%@[ \t]{0,4}(Page|WebHandler|WebService)[^%]{0,80}Language/ nocase
        $load = /Assembly(\.|\)[ \t]{0,2}\.|"\)\.)[ \t]{0,2}(GetMethod\([^\r\n]{0,40})?"?Load"?[ \t]{0,2}[\(,]/
        $body = /(Request\.BinaryRead[ \t]{0,2}\(|Convert\.FromBase64String[ \t]{0,2}\([ \t]{0,2}(Context\.)?Request)/
        $cipher = /(RijndaelManaged|AesManaged|Aes\.Create)[ \t]{0,2}\(/
        $make = /\.?CreateInstance[ \t]{0,2}\(/
    condition:
        filesize < 100KB and $page in (0..2048) and all of ($load, $body, $cipher, $make)
}

rule Webshell_ASP_ExecuteRequest
{
    meta:
        description = "Classic ASP page that executes a request parameter"
        reasoning = "execute, executeglobal or eval straight on request(...) is the shortest ASP shell; there is no other reason to evaluate raw request text."
        reference = "T1505.003"
        severity = "critical"
        fixture = "asp_execute_request.asp"
    strings:
        $call = /<%[^%]{0,200}\b(execute|executeglobal|eval)[ \t(]{1,4}[ \t]{0,4}request[ \t]{0,4}(\.(form|querystring|item))?[ \t]{0,4}\([ \t]{0,4}["'][^"'\r\n]{1,40}["'][ \t]{0,4}\)/ nocase
    condition:
        filesize < 200KB and $call and ($call in (0..400) or uint16be(0) == 0x3C25)
}

rule Webshell_ASP_ShellConsole
{
    meta:
        description = "Classic ASP page that runs the visitor's command through WScript.Shell"
        reasoning = "The scripting shell object, cmd /c and a request value joined in one call, in a page: a console for whoever finds it."
        reference = "T1505.003"
        severity = "high"
        fixture = "asp_shell_console.asp"
    strings:
        $object = /CreateObject[ \t]{0,4}\([ \t]{0,4}["']WScript\.Shell["']/ nocase
        $run = /\.(exec|run)[ \t]{0,4}\(?[ \t]{0,4}["'](%comspec%|[a-z:\\]{0,24}cmd(\.exe)?)[ \t]{1,4}\/c[ \t]{0,4}["'][ \t]{0,4}&[ \t]{0,4}(request|szcmd|cmd|thecommand|command)/ nocase
        $request = /request[ \t]{0,4}(\.(form|querystring))?[ \t]{0,4}\([ \t]{0,4}["']/ nocase
    condition:
        filesize < 100KB and (uint16be(0) == 0x3C25 or uint16be(0) == 0x3C68 or uint16be(0) == 0x3C48) and all of them
}

rule Webshell_CFM_Execute
{
    meta:
        description = "ColdFusion page that runs a form field with cfexecute"
        reasoning = "cfexecute with the program or its arguments taken from a form or the address line gives visitors a command prompt."
        reference = "T1505.003"
        severity = "high"
        fixture = "cfm_execute.cfm"
    strings:
        $run = /<cfexecute[ \t\r\n]{1,8}[^>]{0,200}(name|arguments)[ \t]{0,4}=[ \t]{0,4}["'][^"'>\r\n]{0,60}#(form|url|preservesinglequotes\(form)\.\w{1,20}\)?#/ nocase
        $output = /<cfoutput>/ nocase
    condition:
        filesize < 100KB and uint8(0) == 0x3C and all of them
}

rule Webshell_Python_CGI
{
    meta:
        description = "Python CGI program that runs a form field as a command"
        reasoning = "A CGI script whose form value goes into os.popen, os.system or subprocess is a webshell whatever else it prints."
        reference = "T1505.003"
        severity = "high"
        fixture = "python_cgi.py"
    strings:
        $form = /cgi\.FieldStorage\(\)/
        $run = /(os\.(popen[234]?|system)|commands\.getoutput|subprocess\.(Popen|check_output|getoutput|run|call))\([ \t]{0,4}(\w{1,20}(\.getvalue\(|\.getfirst\(|\[)[ \t]{0,2}["'](cmd|command|c|exec)|cmd\b|command\b)/
    condition:
        filesize < 64KB and uint16be(0) == 0x2321 and all of them
}

rule Webshell_Python_Flask
{
    meta:
        description = "Python web service of a page or so that runs a request argument as a command"
        reasoning = "A route whose only work is to give request.args to a shell. Real services validate, name their program, and do not turn shell=True on over raw arguments."
        reference = "T1505.003"
        severity = "high"
        fixture = "python_flask.py"
    strings:
        $import = /(from flask import|from bottle import|from sanic import|from fastapi import)/
        $run = /(os\.popen|os\.system|subprocess\.(Popen|check_output|getoutput|run|call))\([ \t]{0,4}(flask\.)?request\.(args|form|values|headers|cookies|query|forms)(\.get\(|\[)[ \t]{0,2}["'](cmd|command|c|exec|x)["']/
    condition:
        filesize < 16KB and $import in (0..1024) and $run and
        (uint16be(0) == 0x2321 or uint32be(0) == 0x66726F6D or uint32be(0) == 0x696D706F)
}

rule Webshell_Perl_CGI
{
    meta:
        description = "Perl CGI program that runs a parameter as a command"
        reasoning = "A parameter named for a command goes straight into system, exec, backticks or a piped open, and the output is sent back as a page."
        reference = "T1505.003"
        severity = "high"
        fixture = "perl_cgi.pl"
    strings:
        $header = /Content-type:[ \t]{0,2}text\/(html|plain)/ nocase
        $direct = /(\b(system|exec)[ \t]{0,2}\(?[ \t]{0,2}|`|qx[\{\/(])[ \t"]{0,4}(\$\w{1,20}->)?(param[ \t]{0,2}\(|\$ENV\{["']?QUERY_STRING|\$(in|FORM|query|params?)\{["']?(cmd|command|exec|c)["']?\})/
        $pipe = /open[ \t]{0,2}\([^\r\n]{1,40}(\$(in|FORM|query|params?)\{["']?(cmd|command|RunCommand)["']?\}|\$RunCommand|\$ENV\{["']?QUERY_STRING["']?\})[^\r\n]{0,30}\|/
    condition:
        filesize < 200KB and uint16be(0) == 0x2321 and $header and any of ($direct, $pipe)
}

rule Webshell_Node_ExecQuery
{
    meta:
        description = "Node.js service that executes a query parameter"
        reasoning = "child_process.exec on a parameter of the request, in a script of a few lines with a server of its own, is a shell on a port."
        reference = "T1505.003"
        severity = "high"
        fixture = "node_exec_query.js"
    strings:
        $module = /require\([ \t]{0,2}["'](node:)?child_process["'][ \t]{0,2}\)/
        $run = /\b(exec|execSync|spawn|spawnSync)\([ \t]{0,4}(req(uest)?\.(query|body|params|headers)(\.(cmd|command|c|exec)\b|\[["'](cmd|command|c|exec)["']\])|url\.parse\([^\r\n;]{1,60}\.query\.(cmd|command|c|exec)\b)/
        $listen = /\.listen\([ \t]{0,4}(\d{2,5}|process\.env|port)/ nocase
    condition:
        filesize < 16KB and uint8(0) != 0x3C and uint16be(0) != 0x2320 and
        uint8(0) != 0x7F and uint16(0) != 0x5A4D and all of them
}
