#!/usr/bin/env bash
# Compiles the two dispatch loops for arm64 with the compiler that SwiftPM uses, and leaves in FOLDER, for `guarded` and
# `checked`:
#
#     NAME.listing    its instructions, as llvm-objdump writes them, and where addresses are filled in
#     NAME.code       its bytes
#     NAME.handlers   the table of the handlers and places: their distances from the first, 32 bits each
#     NAME.contract   what gw_registers.h says for arm64: names and registers in turns
#
# A loop takes a minute. What the same compiler has made of the same source lies in .build-tools/cross-loop.
#
# usage: cross_loop.sh FOLDER
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")
headers=/usr/aarch64-linux-gnu/include
[[ -e $headers/stdio.h ]] || { echo "The headers of libc6-dev-arm64-cross are not there." >&2; exit 1; }
kept=$root/.build-tools/cross-loop
mkdir -p "$kept"
# As SwiftPM compiles them for a release.
flags=(--target=aarch64-linux-gnu -isystem "$headers" -std=gnu17 -O2 -DSWIFT_PACKAGE=1 -fblocks -fPIC
    -fno-omit-frame-pointer -w)
for folder in CSupport/include CSupport/Loop CSupport/Vectors CSupport/Native Sources/CHostSystem/include; do
    flags+=(-I "$root/$folder")
done

compile() { # NAME SOURCE
    local source=$root/CSupport/Loop/$2 object sum
    sum=$({ "$tools/clang" --version; echo "${flags[*]}"; "$tools/clang" "${flags[@]}" -E -P "$source"; } | sha256sum)
    object=$kept/$1-${sum:0:32}.o
    if [[ ! -e $object ]]; then
        rm -f "$kept/$1"-*.o
        "$tools/clang" "${flags[@]}" -c "$source" -o "$object.$$"
        mv "$object.$$" "$object"
    fi
    # The table is all that the loop has of read-only data which is not shared with others.
    "$tools/llvm-objcopy" --dump-section=gw_loops="$folder/$1.code" --dump-section=.rodata="$folder/$1.handlers" \
        "$object" "$folder/$1.o"
    "$tools/llvm-nm" "$object" | grep -q "^0000000000000000 r gw_loop_$1.handlers$"
    "$tools/llvm-objdump" -dr --no-show-raw-insn -j gw_loops "$object" >"$folder/$1.listing"
    printf '#include "gw_registers.h"\n#define GW_V(value, name) value name\nGW_REGISTERS_%s(GW_V)\n' "${1^^}" |
        "$tools/clang" "${flags[@]}" -E -P -x c - >"$folder/$1.contract"
}

folder=$1
compile guarded gw_interpreter.c &
first=$!
compile checked gw_interpreter_checked.c
wait "$first"
