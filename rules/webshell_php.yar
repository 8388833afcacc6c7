/* SPDX-License-Identifier: Apache-2.0 */
/* PHP webshells, by technique: what makes a page a shell is that a visitor's request becomes code
 * or a command. Every rule wants PHP near the start and the request inside the dangerous call, so
 * that applications which merely use eval() or exec() are not touched, nor prose that shows one. */

rule Webshell_PHP_EvalRequest
{
    meta:
        description = "PHP page that evaluates a request parameter as code"
        reasoning = "eval() directly on $_GET, $_POST, $_REQUEST or $_COOKIE gives every visitor the server; no application does that on purpose."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_eval_request.php"
    strings:
        $open = "<?php" nocase
        $call = /\beval[ \t\r\n]{0,8}\([ \t\r\n@]{0,8}((stripslashes|trim|urldecode|stripcslashes|html_entity_decode)[ \t]{0,4}\([ \t@]{0,4}){0,3}\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{]/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_EvalDecodedRequest
{
    meta:
        description = "PHP page that decodes a request parameter and evaluates it"
        reasoning = "A decoder between the request and eval() is there only to hide the commands from logs and filters; it is the same open door as eval() on the request."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_eval_decoded_request.php"
    strings:
        $open = "<?php" nocase
        $call = /\b(eval|assert)[ \t\r\n]{0,8}\([ \t\r\n@]{0,8}(((base64|convert_uu|quoted_printable)_decode|gzinflate|gzuncompress|gzdecode|str_rot13|strrev|hex2bin|rawurldecode)[ \t]{0,4}\([ \t@]{0,4}){1,5}\$_(GET|POST|REQUEST|COOKIE|SERVER)[ \t]{0,4}[\[{]/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_AssertRequest
{
    meta:
        description = "PHP page that passes a request parameter to assert()"
        reasoning = "Before PHP 8, assert() evaluates a string; with request data as its whole argument it is eval() under another name. Tests assert expressions, never raw request fields alone."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_assert_request.php"
    strings:
        $open = "<?php" nocase
        $call = /\bassert[ \t]{0,8}\([ \t@]{0,8}(stripslashes[ \t]{0,4}\([ \t]{0,4})?\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}\[[ \t]{0,4}["']?\w{1,40}["']?[ \t]{0,4}\][ \t]{0,4}\)/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_CreateFunctionRequest
{
    meta:
        description = "PHP page that compiles a request parameter with create_function()"
        reasoning = "create_function() evaluates its second argument; a body taken from the request is remote code. Libraries build bodies from their own text."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_create_function_request.php"
    strings:
        $open = "<?php" nocase
        $call = /create_function[ \t]{0,8}\([^\r\n,]{1,40},[ \t@]{0,8}((base64_decode|stripslashes|str_rot13|gzinflate)[ \t]{0,4}\([ \t@]{0,4}){0,3}\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{]/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_PregReplaceEval
{
    meta:
        description = "PHP page that runs request data through the /e modifier of preg_replace()"
        reasoning = "The /e modifier evaluates the replacement as code, so a replacement from the request is a shell. The modifier was removed from PHP 7 for that reason."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_preg_replace_e.php"
    strings:
        $open = "<?php" nocase
        $call = /preg_(replace|filter)[ \t]{0,8}\([ \t]{0,8}["']([\/#~|@])[^"'\r\n]{0,80}[\/#~|@][imsxADSUXu]{0,4}e[imsxADSUXu]{0,4}["'][ \t]{0,4},[ \t@]{0,8}((base64_decode|stripslashes|str_rot13)[ \t]{0,4}\([ \t]{0,4}){0,2}\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{]/
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_CommandRequest
{
    meta:
        description = "PHP page that hands a request parameter to the system's shell"
        reasoning = "The raw request parameter begins the command line: system($_GET[...]) and its relatives. Programs that run commands name the program themselves."
        reference = "T1059.004"
        severity = "high"
        fixture = "php_command_request.php"
    strings:
        $open = "<?php" nocase
        $call = /\b(system|passthru|shell_exec|popen|proc_open|pcntl_exec|exec)[ \t]{0,8}\([ \t@"']{0,8}((base64_decode|stripslashes|trim|urldecode|strrev|str_rot13)[ \t]{0,4}\([ \t@]{0,4}){0,3}\{?\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{][ \t]{0,4}["']?\w{1,40}/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_BacktickRequest
{
    meta:
        description = "PHP page that runs a request parameter between backticks"
        reasoning = "Backticks are PHP's shell_exec(); a request parameter as the first thing between them is a command chosen by the visitor."
        reference = "T1059.004"
        severity = "high"
        fixture = "php_backtick_request.php"
    strings:
        $open = "<?php" nocase
        $call = /(echo|print|die|exit|=)[ \t(@]{0,6}`[ \t]{0,4}\{?\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{][ \t]{0,4}["']?\w{1,40}["']?[ \t]{0,4}[\]}]\}?[^`\r\n]{0,20}`/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call
}

rule Webshell_PHP_PackedEval
{
    meta:
        description = "PHP code hidden under nested decoders and evaluated"
        reasoning = "eval() over two or more nested decoders around a long literal: unpackers of injected backdoors. Honest code protection uses a loader extension; honest data is not evaluated."
        reference = "T1027"
        severity = "high"
        fixture = "php_packed_eval.php"
    strings:
        $open = "<?php" nocase
        $call = /\b(eval|assert)[ \t]{0,8}\([ \t@"'?>.]{0,12}((base64_decode|gzinflate|gzuncompress|gzdecode|str_rot13|strrev|convert_uudecode|rawurldecode)[ \t]{0,4}\([ \t@]{0,4}){2,8}["'][A-Za-z0-9+\/=]{120}/ nocase
    condition:
        filesize < 4MB and $open in (0..200) and $call
}

rule Webshell_PHP_VariableFunctionRequest
{
    meta:
        description = "PHP page where the request names both the function and its argument"
        reasoning = "Calling $_GET['f']($_POST['a']) leaves the choice of function to the visitor, which is a shell without naming one. The same behind new makes an object of a class and is left alone."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_variable_function.php"
    strings:
        $open = "<?php" nocase
        $direct = /(php|echo|print|return|[;{}(@=.>\r\n])[ \t]{0,20}\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{][^\r\n\]}]{1,40}[\]}][ \t]{0,4}\([ \t@]{0,8}((base64_decode|stripslashes)[ \t]{0,4}\([ \t]{0,4})?\$_(GET|POST|REQUEST|COOKIE|SERVER)[ \t]{0,4}[\[{]/
    condition:
        filesize < 1MB and $open in (0..200) and $direct
}

rule Webshell_PHP_ArrayCallbackRequest
{
    meta:
        description = "PHP page that lets the request choose a callback and its data"
        reasoning = "array_map(), usort(), call_user_func() and friends with the callback and the data both from the request are a known way around filters for eval()."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_array_callback.php"
    strings:
        $open = "<?php" nocase
        $first = /\b(array_map|call_user_func|call_user_func_array|register_tick_function|register_shutdown_function|forward_static_call)[ \t]{0,8}\([ \t@]{0,8}((base64_decode|stripslashes)[ \t]{0,4}\([ \t]{0,4})?\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{][^\r\n,]{1,40},[ \t@]{0,8}(array[ \t]{0,4}\([ \t]{0,4}|\[[ \t]{0,4}|\(array\)[ \t]{0,4})?\$_(GET|POST|REQUEST|COOKIE)/ nocase
        $second = /\b(array_filter|uasort|usort|uksort|array_walk|array_reduce|array_walk_recursive)[ \t]{0,8}\([ \t@]{0,8}(array[ \t]{0,4}\([ \t]{0,4}|\[[ \t]{0,4}|\(array\)[ \t]{0,4})?\$_(GET|POST|REQUEST|COOKIE)[^\r\n,]{0,60},[ \t@]{0,8}((base64_decode|stripslashes)[ \t]{0,4}\([ \t]{0,4})?\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{]/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and any of ($first, $second)
}

rule Webshell_PHP_PhpInputEval
{
    meta:
        description = "PHP page that evaluates the raw body of the request"
        reasoning = "php://input is the body as the visitor sent it; evaluated or included, it is remote code with nothing in the access log. Only near the start: one development server does the same far behind its own checks."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_input_eval.php"
    strings:
        $open = "<?php" nocase
        $call = /\b(eval|assert|include|include_once|require|system|passthru|shell_exec)[ \t]{0,8}[\( ][ \t@"'?>.]{0,12}((base64_decode|gzinflate|gzuncompress|str_rot13|openssl_decrypt|trim|implode|join)[ \t]{0,4}\([ \t@]{0,4}){0,4}((file_get_contents|file|stream_get_contents|readfile|fopen)[ \t]{0,4}\([ \t]{0,4})?["']php:\/\/input["']/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $call in (0..2048)
}

rule Webshell_PHP_CharCodeChain
{
    meta:
        description = "PHP function names built from a chain of chr() calls and used on the request"
        reasoning = "Ten or more chr(NN) in a row spell a name or a program that a reader must not see. Byte order marks and control characters need three or four."
        reference = "T1027"
        severity = "high"
        fixture = "php_chr_chain.php"
    strings:
        $open = "<?php" nocase
        $chain = /(chr[ \t]{0,2}\([ \t]{0,2}(0x)?[0-9a-f]{2,3}[ \t]{0,2}\)[ \t]{0,2}\.[ \t]{0,2}){10}/ nocase
        $use = /(\beval[ \t]{0,4}\(|\$\w{1,30}[ \t]{0,4}\()[ \t@]{0,8}((base64_decode|stripslashes|\$\w{1,30})[ \t]{0,4}\([ \t@]{0,4}){0,2}\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{]/ nocase
    condition:
        filesize < 200KB and $open in (0..200) and $chain and $use
}

rule Webshell_PHP_SplitFunctionName
{
    meta:
        description = "PHP page that spells a dangerous function letter by letter and takes requests"
        reasoning = "Joining single letters into assert, system, eval or base64_decode has no use but to get past a search for these names; with request data beside it the page is a shell."
        reference = "T1027"
        severity = "high"
        fixture = "php_split_name.php"
    strings:
        $open = "<?php" nocase
        $request = /\$_(GET|POST|REQUEST|COOKIE)[ \t]{0,4}[\[{]/
        $assert1 = "\"a\".\"s\".\"s\".\"e\".\"r\".\"t\"" nocase
        $assert2 = "'a'.'s'.'s'.'e'.'r'.'t'" nocase
        $system1 = "\"s\".\"y\".\"s\".\"t\".\"e\".\"m\"" nocase
        $system2 = "'s'.'y'.'s'.'t'.'e'.'m'" nocase
        $base1 = "\"b\".\"a\".\"s\".\"e\".\"6\".\"4\"" nocase
        $base2 = "'b'.'a'.'s'.'e'.'6'.'4'" nocase
        $exec1 = "\"s\".\"h\".\"e\".\"l\".\"l\".\"_\"" nocase
        $exec2 = "'s'.'h'.'e'.'l'.'l'.'_'" nocase
        $create1 = "\"c\".\"r\".\"e\".\"a\".\"t\".\"e\".\"_\"" nocase
        $create2 = "'c'.'r'.'e'.'a'.'t'.'e'.'_'" nocase
    condition:
        filesize < 200KB and $open in (0..200) and $request and
        any of ($assert1, $assert2, $system1, $system2, $base1, $base2, $exec1, $exec2, $create1, $create2)
}

rule Webshell_PHP_UploadAndCommand
{
    meta:
        description = "PHP page with a file upload and a command box"
        reasoning = "A small page that takes a file and, under a parameter named for it, a command for the shell. File managers upload; consoles execute; a single page with both and no login is left by intruders."
        reference = "T1505.003"
        severity = "high"
        fixture = "php_upload_command.php"
    strings:
        $open = "<?php" nocase
        $upload = /(move_uploaded_file|copy)[ \t]{0,4}\([ \t@]{0,4}\$_FILES[ \t]{0,4}\[/ nocase
        $form = "multipart/form-data" nocase
        $command = /\$_(GET|POST|REQUEST)[ \t]{0,4}\[[ \t]{0,4}["'](cmd|command|exec|execute|cmdline|komut|comando|shell)["'][ \t]{0,4}\]/ nocase
        $run = /\b(system|passthru|shell_exec|popen|proc_open|exec)[ \t]{0,8}\([ \t@]{0,8}\$\w{1,30}[ \t]{0,4}([,).]|\[)/ nocase
    condition:
        filesize < 100KB and $open in (0..200) and all of ($upload, $form, $command, $run)
}

rule Webshell_PHP_AdminConsole
{
    meta:
        description = "Full PHP attack console with a menu of reconnaissance commands"
        reasoning = "Consoles of this kind carry ready commands that search the server for set-uid files, writable folders and other people's configuration, and print the PHP restrictions they must live with."
        reference = "T1505.003"
        severity = "critical"
        fixture = "php_admin_console.php"
    strings:
        $open = "<?php" nocase
        $suid = /find \/ -type f -perm -0?[24]000 -ls/
        $writable = /find (\/|\.) (-type [df] )?-perm -0?2 -ls/
        $config = /find (\/|\.) -type f -name ("?config\*"?|\.bash_history|\.htpasswd|service\.pwd|config\.inc\.php)/
        $owner = "posix_getpwuid" nocase
        $mode = "safe_mode" nocase
        $functions = "disable_functions" nocase
        $uname = "php_uname" nocase
        $passwd = "/etc/passwd"
    condition:
        filesize < 1MB and $open in (0..200) and 2 of ($suid, $writable, $config) and
        3 of ($owner, $mode, $functions, $uname, $passwd)
}

rule Webshell_PHP_XorSession
{
    meta:
        description = "PHP agent that decrypts the request body with a sixteen byte key and runs it"
        reasoning = "The loop that xors byte i with key byte (i + 1 and 15), fed from php://input and ending in an evaluation, is the server half of well-known encrypted webshell managers."
        reference = "T1505.003, T1573.001"
        severity = "critical"
        fixture = "php_xor_session.php"
    strings:
        $open = "<?php" nocase
        $xor = /\$\w{1,16}\[\$i\][ \t]{0,2}\^[ \t]{0,2}\$\w{1,16}\[\(?\$i[ \t]{0,2}\+[ \t]{0,2}1[ \t]{0,2}\)?[ \t]{0,2}&[ \t]{0,2}15\]/ nocase
        $input = "php://input" nocase
        $run = /\b(eval|assert|create_function|call_user_func|__invoke)[ \t]{0,4}\([ \t]{0,4}["'$]/ nocase
        $session = "session_start" nocase
    condition:
        filesize < 64KB and $open in (0..200) and $xor and $run and any of ($input, $session)
}

rule Webshell_PHP_InImage
{
    meta:
        description = "Picture with PHP code behind its header"
        reasoning = "The file begins as a GIF, JPEG or PNG so that an upload check lets it pass, and holds PHP that evaluates or executes a variable. Pictures carry metadata, never calls on request data."
        reference = "T1036.008"
        severity = "high"
        fixture = "php_in_image.gif"
    strings:
        $code = /<\?(php|=)[^?]{0,300}\b(eval|assert|system|passthru|shell_exec|exec|popen|create_function|base64_decode)[ \t]{0,4}\([ \t@]{0,4}((base64_decode|gzinflate|str_rot13|stripslashes)[ \t]{0,4}\([ \t@]{0,4}){0,3}(\$_(GET|POST|REQUEST|COOKIE|SERVER)|["'][A-Za-z0-9+\/]{40})/ nocase
    condition:
        filesize < 20MB and
        (uint32be(0) == 0x47494638 or uint16be(0) == 0xFFD8 or uint32be(0) == 0x89504E47) and $code
}

rule Webshell_PHP_EscapedInclude
{
    meta:
        description = "PHP page that includes a file whose path is written in escapes"
        reasoning = "A silenced include with most of its path as octal or hexadecimal escapes is the hook that mass infections put at the head of index.php and wp-config.php."
        reference = "T1027"
        severity = "high"
        fixture = "php_escaped_include.php"
    strings:
        $open = "<?php" nocase
        $include = /@(include|require)(_once)?[ \t(]{1,6}"([^"\\\r\n]{0,6}\\(x[0-9a-f]{2}|[01][0-7]{2})){6}/ nocase
    condition:
        filesize < 1MB and $open in (0..200) and $include
}

rule Webshell_PHP_HiddenUploader
{
    meta:
        description = "Tiny PHP page that stores whatever file is sent, under the sender's name"
        reasoning = "A page of a few hundred bytes whose only content is an upload form and a copy of the uploaded file to its own folder: the second stage of a break-in. Applications check, rename and authorise."
        reference = "T1105"
        severity = "medium"
        fixture = "php_hidden_uploader.php"
    strings:
        $open = "<?php" nocase
        $form = "multipart/form-data" nocase
        $store = /\b(move_uploaded_file|copy)[ \t]{0,4}\([ \t@]{0,4}\$_FILES[ \t]{0,4}\[["']?\w{1,20}["']?\][ \t]{0,4}\[["']?tmp_name["']?\][ \t]{0,4},[ \t]{0,4}(["']\.?\/?["'][ \t]{0,2}\.[ \t]{0,2})?\$_FILES[ \t]{0,4}\[["']?\w{1,20}["']?\][ \t]{0,4}\[["']?name["']?\]/ nocase
        $echo = /(echo|print)[ \t(]{0,4}["'][^"'\r\n]{0,60}<(form|b>)/ nocase
    condition:
        filesize < 1500 and $open in (0..200) and all of ($form, $store, $echo)
}
