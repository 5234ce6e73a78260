#!/usr/bin/env bash
# Compares every form of an instruction that an assembler of ours encodes (gw_x86.h, gw_arm64.h) with what clang's
# assembler makes of its text: a disassembler must say the same of both. Prints how many there are, and the lines that
# differ.
#
# usage: encodings.sh FOLDER x86|arm64   (where files are made; the processor, any of which the machine may have)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")
native=$root/CSupport/Native
cd "$1"
case $2 in
    x86) target=x86_64-linux-gnu headers=$native/X86 arguments=() ;;
    arm64) target=aarch64-linux-gnu headers=$native/ARM64 arguments=("$native/ARM64/gw_arm64_vectors.c") ;;
esac
"$tools/clang" -std=gnu17 -w -O1 -I "$headers" "$root/Tests/Tools/encodings_$2.c" -o encodings
./encodings encoded.s expected.s ${arguments[@]+"${arguments[@]}"}
for name in encoded expected; do
    "$tools/clang" "--target=$target" -c "$name.s" -o "$name.o"
    # Behind `#` and `//` stand numbers that are told already; int3 fills the room between instructions.
    "$tools/llvm-objdump" -d --no-show-raw-insn "$name.o" |
        sed -n 's/ *# .*//; s/[ \t]*\/\/.*//; /int3/d; /^ *[0-9a-f]*:/p' >"$name.txt"
done
diff encoded.txt expected.txt | head -40 && echo "all as the assembler has them"
