#!/usr/bin/env bash
# Adds a form of an instruction in one place of a copy of the engine's sources, and prints what selection, decoder,
# verifier, loop and reference page make of it: nothing else has to be changed.
#
# usage: added_row.sh FOLDER   (where the copy is made)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$1/CSupport
clang=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")/clang
cp -R "$root/CSupport" "$copy"

# The form r, t, r of 64-bit operations.
python3 - "$copy/include/gw_opcodes.def" <<'PYTHON'
import pathlib, sys
path = pathlib.Path(sys.argv[1])
begin = "#define GW_FORMS_64(F, ...) \\\n"
text = path.read_text()
assert text.count(begin) == 1
path.write_text(text.replace(begin, begin + "    F(__VA_ARGS__, r, t, r) \\\n"))
PYTHON
read -ra ffi <<<"$(pkg-config --cflags --libs libffi)"
headers=(-I "$copy/include" -I "$copy/Loop" -I "$copy/Vectors" -I "$copy/Native" -I "$root/Sources/CHostSystem/include")
"$clang" -std=gnu17 -w -O0 "${headers[@]}" "$root/Tests/Tools/added_row.c" "$copy"/*/*.c "$copy"/*/*/*.c \
    "$root/Sources/CHostSystem/gw_account.c" "${ffi[@]}" -lm -lpthread -o "$1/added-row"
"$1/added-row"
python3 - "$root" "$copy" <<'PYTHON'
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("build_docs", pathlib.Path(sys.argv[1]) / "Tests/Tools/build_docs.py")
build_docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build_docs)
build_docs.INCLUDE = pathlib.Path(sys.argv[2]) / "include"
print("reference page:", *[line for line in build_docs.instructions().splitlines() if "`i64Xor_rtr`" in line])
PYTHON
