#!/usr/bin/env bash
# Compares every form of an instruction that the assembler in gw_x86.h encodes with what clang's assembler makes of its
# text: a disassembler must say the same of both. Prints how many there are, and the lines that differ.
#
# usage: encodings.sh FOLDER [HEADERS]   (where files are made; where gw_x86.h is, if not in CSupport/Native)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")
cd "$1"
headers=${2:-$root/CSupport/Native}
"$tools/clang" -std=gnu17 -w -O1 -I "$headers" "$root/Tests/Tools/encodings.c" -o encodings
./encodings encoded.s expected.s
for name in encoded expected; do
    "$tools/clang" --target=x86_64-linux-gnu -c "$name.s" -o "$name.o"
    # Behind `#` stand addresses that are told already; int3 fills the room between instructions.
    "$tools/llvm-objdump" -d --no-show-raw-insn "$name.o" |
        sed -n 's/ *#.*//; /int3/d; /^ *[0-9a-f]*:/p' >"$name.txt"
done
diff encoded.txt expected.txt | head -40 && echo "all as the assembler has them"
