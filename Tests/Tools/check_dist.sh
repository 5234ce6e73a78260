#!/usr/bin/env bash
# Tries what dist.sh has packed where nothing but Debian's smallest system is: installs, runs, and removes it.
#
# usage: check_dist.sh FOLDER CACHE
#
# FOLDER has the packages. The fresh system is made by debootstrap, which needs to be root, and kept as CACHE/root.tar
# for the next time.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)
module=$(cd "$here/../.." && pwd)/main.wasm
mkdir -p "$2"
tar=$(cd "$2" && pwd)/root.tar
[[ $(id -u) -eq 0 ]] || { echo "check_dist.sh: only root can try the packages in a fresh system" >&2; exit 1; }
work=$(mktemp -d)
root=$work/root
# /proc is another file system: nothing of it may be removed.
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

if [[ ! -f $tar ]]; then
    "$here/install-packages.sh" debootstrap
    echo "==> Making a fresh Debian system, of about 80 MB to download"
    # shellcheck disable=SC1091 # a file of the system's
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    debootstrap --variant=minbase "$release" "$work/made" >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
    tar -C "$work/made" -cf "$tar.part" .
    rm -rf "$work/made"
    mv "$tar.part" "$tar"
fi

mkdir "$root"
tar -C "$root" -xf "$tar"
# Swift's runtime finds the arguments of a process there.
mount -t proc proc "$root/proc"
cp "$module" "$root/main.wasm"
cp "$folder"/*.deb "$root/package.deb"
cp "$folder"/*.tar.gz "$root/archive.tar.gz"
within() { env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root chroot "$root" "$@"; }
list() { (cd "$root" && find usr etc opt ! -path '*/cache/*' ! -type d | sort); }

# What is expected of the command, however it came there; the argument is where its files are.
try() {
    [[ $(within sh -c 'command -v gowasm-fast') == "$1/bin/gowasm-fast" ]]
    within gowasm-fast --version
    [[ $(within gowasm-fast main.wasm 10) == "fib(10) = 55" ]]
    [[ $(within go_js_wasm_exec main.wasm 11) == "fib(11) = 89" ]]
    within gowasm-fast inspect main.wasm | grep 'Go program for GOOS=js' >/dev/null
    within gowasm-fast --stats main.wasm 25 2>&1 | grep 'machine code' >/dev/null
    within gowasm-fast bench --runs 2 main.wasm 10 | grep '^peak memory' >/dev/null
    within bash -n "$1/share/bash-completion/completions/gowasm-fast"
    [[ -e $root$1/share/doc/gowasm-fast/copyright ]]
}

list >"$work/before"
echo "==> The package of Debian's in a fresh system"
within dpkg -i /package.deb >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
try /usr
within dpkg --verify gowasm-fast
within dpkg --purge gowasm-fast >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
list | diff "$work/before" - || { echo "check_dist.sh: the package leaves files" >&2; exit 1; }

echo "==> The archive in a fresh system"
within tar -C /usr/local --strip-components=1 -xzf /archive.tar.gz
try /usr/local
echo "    both run there"
