#!/usr/bin/env python3
"""syscall_names.py OUT CC...: the names of this architecture's system calls, from the kernel's
headers, as rows for a C table."""
import re
import subprocess
import sys

macros = subprocess.run([*sys.argv[2:], "-E", "-dM", "-include", "asm/unistd.h", "-xc", "/dev/null"],
                        check=True, capture_output=True, text=True).stdout
rows = sorted((int(number), name)
              for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", macros, re.M))
if len(rows) < 300:
    sys.exit(f"only {len(rows)} system calls found in asm/unistd.h")
with open(sys.argv[1], "w") as out:
    for number, name in rows:
        out.write(f'{{ {number}, "{name}" }},\n')
