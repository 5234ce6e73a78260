#!/usr/bin/env python3
"""Runs a command, and writes what it took: seconds of processor time, peak memory in KiB.

usage: measured.py FILE COMMAND [arguments]

Exits as the command does, with 128 and the signal where one ended it. (The memory that Linux reports for a process includes
what its parent had, which is little here; the process of the tests has much.)
"""

import resource
import subprocess
import sys

code = subprocess.call(sys.argv[2:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}\n")
sys.exit(code if code >= 0 else 128 - code)
