#!/usr/bin/env bash
# Makes a Python virtual environment, unless it is there.
#
# usage: python-venv.sh FOLDER
set -euo pipefail

[[ ! -x $1/bin/pip ]] || exit 0
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || "$here/install-packages.sh" python3 python3-venv
# Debian's own python3 comes without what venv needs.
python3 -c 'import ensurepip' 2>/dev/null || "$here/install-packages.sh" python3-venv
rm -rf "$1"
python3 -m venv "$1"
