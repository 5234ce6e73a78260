#!/usr/bin/env bash
# Says what the first build of a clone takes, before it begins; nothing if there is a program already.
#
# usage: announce_build.sh PROGRAM PACKAGES...
#
# PACKAGES are those of Debian's that the build needs.
set -euo pipefail

program=$1
shift
[[ ! -x $program ]] || exit 0
missing=()
for package in "$@"; do
    if command -v dpkg-query >/dev/null &&
        ! dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$'; then
        missing+=("$package")
    fi
done
echo "==> The first build takes about six minutes of processor time: three to four minutes with two processors."
if [[ ${#missing[@]} -gt 0 ]]; then echo "    It installs these packages of Debian's: ${missing[*]}."; fi
if [[ ! -d .build/checkouts/swift-argument-parser ]]; then
    echo "    It downloads the Swift package swift-argument-parser (1 MB)."
fi
echo "    No Go is needed. Lines that begin with [n/m] say how far it is. Later only what has changed is built."
