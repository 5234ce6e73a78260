#!/usr/bin/env bash
# Compiles the Go test programs with every Go version listed, natively and to wasm.
#
# usage: build-programs.sh FOLDER
#
# Reads FOLDER/go-toolchains.tsv. Makes FOLDER/programs/VERSION/{probe.wasm,probe,fib.wasm} and lists the versions in
# FOLDER/programs/versions.txt, which the tests read. What is newer than its sources and its compiler stays.
set -euo pipefail

folder=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
export PROBE=$root/Tests/GoProgramTests/Programs/probe FIB=$root/Benchmarks/Programs/fib

build_version() {
    local folder=$1 version=$2 go=$3
    local out=$folder/programs/$version started=$SECONDS
    mkdir -p "$out/probe-source" "$out/fib-source"
    export GOTOOLCHAIN=local GOCACHE=$folder/go-cache GOFLAGS= GOENV=off CGO_ENABLED=0 GOWORK=off GOPATH=$folder/go-path
    unset GOOS GOARCH GOROOT GOWASM GOEXPERIMENT
    if [[ -f $out/done && ! $go -nt $out/done && -z $(find "$PROBE" "$FIB" -newer "$out/done") ]]; then
        return 0
    fi
    rm -f "$out/done"
    local minor=${version#1.}
    minor=${minor%%[!0-9]*}
    # The language version of a module decides what loops and timers mean: each compiler is asked for its own.
    # The first versions know no modules, or not without a network.
    local source
    for source in probe fib; do
        rm -f "$out/$source-source"/*
        if [[ $source == probe ]]; then cp "$PROBE"/*.go "$out/probe-source"; else cp "$FIB"/*.go "$out/fib-source"; fi
        printf 'module %s\n\ngo 1.%s\n' "$source" "$minor" >"$out/$source-source/go.mod"
    done
    if [[ $minor -ge 16 ]]; then export GO111MODULE=on; else export GO111MODULE=off; fi
    (cd "$out/probe-source" && "$go" build -o "$out/probe" . && GOOS=js GOARCH=wasm "$go" build -o "$out/probe.wasm" .)
    (cd "$out/fib-source" && GOOS=js GOARCH=wasm "$go" build -o "$out/fib.wasm" .)
    touch "$out/done"
    echo "    Go $version: programs built in $((SECONDS - started)) s"
}
export -f build_version

mkdir -p "$folder/programs"
echo "==> Building the Go test programs"
while IFS=$'\t' read -r version go; do printf '%s\0%s\0' "$version" "$go"; done <"$folder/go-toolchains.tsv" |
    xargs -0 -n 2 -P 2 bash -c 'set -euo pipefail; build_version "$0" "$1" "$2"' "$folder"
cut -f 1 "$folder/go-toolchains.tsv" >"$folder/programs/versions.txt"
