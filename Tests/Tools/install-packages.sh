#!/usr/bin/env bash
# Installs the Debian packages named as arguments that are not there yet.
#
# A machine that has them all needs neither a network nor rights; one that is no Debian is told what to install.
set -euo pipefail

missing=()
for package in "$@"; do
    if ! dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$'; then
        missing+=("$package")
    fi
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: if a step below fails, install what these packages hold: ${missing[*]}" >&2
    exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "To install ${missing[*]}, be root or have sudo." >&2; exit 1; }
    as_root=(sudo)
fi

echo "==> Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for command in "update" "install -y --no-install-recommends ${missing[*]}"; do
    # shellcheck disable=SC2086 # the command is a list of words
    if ! "${as_root[@]}" apt-get -qq $command >"$log" 2>&1; then
        cat "$log" >&2
        echo "apt-get $command failed." >&2
        exit 1
    fi
done
