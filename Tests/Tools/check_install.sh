#!/usr/bin/env bash
# Installs a built program into a folder, tries what is there, removes it, and packs it twice, which must give the same
# bytes.
#
# usage: check_install.sh PROGRAM
#
# MANUAL_TOOL and PARSER are as for install.sh.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "check_install.sh: $*" >&2
    exit 1
}
expect() { # what it is about, what is expected, what there is
    [[ $2 == "$3" ]] || fail "$1: '$3' instead of '$2'"
}

echo "==> Installing, trying and removing"
folder=$work/usr
# Files of others stay where they are.
mkdir -p "$folder/bin"
touch "$folder/bin/other"
"$here/install.sh" "$program" "$folder"
# Over one that is there already, and that may be running.
"$here/install.sh" "$program" "$folder"

export GOWASM_CACHE=off
installed=$folder/bin/gowasm-fast
expect "the program" "fib(10) = 55" "$("$installed" "$root/main.wasm" 10)"
for link in go_js_wasm_exec go_wasip1_wasm_exec; do
    expect "$link" "fib(10) = 55" "$("$folder/bin/$link" "$root/main.wasm" 10)"
done
[[ $(stat -c %s "$installed") -lt $(stat -c %s "$program") ]] || fail "the program is not stripped"
bash -n "$folder/share/bash-completion/completions/gowasm-fast"
for shell in bash-completion/completions/gowasm-fast zsh/site-functions/_gowasm-fast \
    fish/vendor_completions.d/gowasm-fast.fish; do
    for word in inspect bench max-memory; do
        grep -q -- "$word" "$folder/share/$shell" || fail "$shell does not know $word"
    done
done
for word in '^\.Dt GOWASM-FAST 1' 'Fl -max-memory' 'Fl -against'; do
    grep -q -- "$word" "$folder/share/man/man1/gowasm-fast.1" || fail "the manual does not have $word"
done
if command -v man >/dev/null && command -v groff >/dev/null; then
    complaints=$(man --warnings -l "$folder/share/man/man1/go_js_wasm_exec.1" 2>&1 >/dev/null)
    expect "complaints about the manual" "" "$complaints"
fi
grep -q "MIT License" "$folder/share/doc/gowasm-fast/copyright" || fail "the licence is missing"
grep -q "Apache License" "$folder/share/doc/gowasm-fast/copyright" || fail "the licence of the parser is missing"
"$here/install.sh" --remove "$folder"
expect "what is left" "$folder/bin/other" "$(find "$folder" ! -type d)"
[[ ! -e $folder/share/doc/gowasm-fast ]] || fail "the folder of the documents is left"
# A second time there is nothing to do.
"$here/install.sh" --remove "$folder"

command -v dpkg-deb >/dev/null || { echo "    nothing is packed, as there is no dpkg-deb"; exit 0; }
echo "==> Packing twice"
# What is compressed well takes long, and differs no more than this.
export SOURCE_DATE_EPOCH=1700000000 LEVEL=1
(umask 022 && TZ=UTC "$here/dist.sh" "$program" "$work/first") &
first=$!
(cd / && umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$here/dist.sh" "$program" "$work/second")
wait $first
expect "files" "3" "$(find "$work/first" -type f | wc -l)"
diff -r "$work/first" "$work/second" || fail "packing twice gives other bytes"
(cd "$work/first" && sha256sum --quiet -c SHA256SUMS)
dates=$(dpkg-deb -c "$work"/first/*.deb | awk '{ print $2, $4 }' | sort -u)
expect "owner and date of the files" "root/root 2023-11-14" "$dates"
echo "    the program, its links, completions, manual and licence; both packages are the same byte by byte"
