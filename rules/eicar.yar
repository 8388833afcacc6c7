/* SPDX-License-Identifier: Apache-2.0 */
/* The EICAR test file, by its definition and no wider. It does no harm; it shows that scanning works. */

rule EICAR_Test_File
{
    meta:
        description = "The EICAR anti-malware test file, a harmless file every scanner agrees to report"
        reasoning = "The definition: the 68 bytes at the very start, at most 128 bytes in all, only white space behind. Documents that quote the string, or a file that has it elsewhere, are not the test file."
        reference = "EICAR test file definition of 1 May 2003"
        severity = "test"
        fixture = "eicar.com"
    strings:
        $body = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    condition:
        filesize >= 68 and filesize <= 128 and $body at 0 and
        (filesize == 68 or
            for all i in (68..filesize - 1) : (
                uint8(i) == 0x20 or uint8(i) == 0x09 or uint8(i) == 0x0A or
                uint8(i) == 0x0D or uint8(i) == 0x1A))
}
