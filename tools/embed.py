#!/usr/bin/env python3
"""embed.py FILE OUT.S SYMBOL: assembler that embeds FILE as SYMBOL_begin .. SYMBOL_end.

The digest in it makes the text, and so the object, change when the file does."""
import hashlib
import sys

path, out, symbol = sys.argv[1:]
digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
with open(out, "w") as f:
    f.write(f"""/* {digest} */
    .section .rodata
    .balign 64
    .globl {symbol}_begin
    .hidden {symbol}_begin
{symbol}_begin:
    .incbin "{path}"
    .globl {symbol}_end
    .hidden {symbol}_end
{symbol}_end:
    .section .note.GNU-stack,"",@progbits
""")
