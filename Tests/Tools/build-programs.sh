#!/usr/bin/env bash
# Compiles the Go test programs with every Go version listed, natively and to wasm.
#
# usage: build-programs.sh [--newest] FOLDER
#
# With --newest only with the one that go-toolchains.sh --newest has installed. FOLDER/programs/newest leads to what the
# newest version made.
#
# Reads FOLDER/go-toolchains.tsv. Makes FOLDER/programs/VERSION/{probe.wasm,probe,fib.wasm,goroutines.wasm,goroutines} and lists the versions in
# FOLDER/programs/versions.txt, which the tests read. What is newer than its sources, its compiler and this script stays.
#
# For WASI the oldest version that knows it and the newest are enough: VERSION/wasip1/{probe,fib,goroutines,files,store,echo,embedded,streams,sockets,plugin,ends,calls,awaits,awaits-command}.wasm,
# and VERSION/{files,store,embedded,streams,ends,calls,awaits}.wasm; VERSION/streams is native. Those with exports, plugin, ends, calls and awaits, need Go 1.24. gofmt, for both and natively, comes from the newest one.
set -euo pipefail

newest=
if [[ $1 == --newest ]]; then
    newest=1
    shift
fi
folder=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
export PROBE=$root/Tests/GoProgramTests/Programs/probe FIB=$root/Benchmarks/Programs/fib
export FILES=$root/Tests/GoProgramTests/Programs/files ECHO=$root/Tests/GoProgramTests/Programs/echo
export STORE=$root/Tests/GoProgramTests/Programs/store EMBEDDED=$root/Tests/GoProgramTests/Programs/embedded
export ENDS=$root/Tests/GoProgramTests/Programs/ends
export CALLS=$root/Tests/GoProgramTests/Programs/calls AWAITS=$root/Tests/GoProgramTests/Programs/awaits
export HOSTCALL=$root/Tests/Examples/Go/hostcall
export GOROUTINES=$root/Tests/GoProgramTests/Programs/goroutines
export STREAMS=$root/Tests/GoProgramTests/Programs/streams
export SOCKETS=$root/Tests/GoProgramTests/Programs/sockets
export PLUGIN=$root/Benchmarks/Programs/plugin SCRIPT=$root/Tests/Tools/build-programs.sh
if [[ $newest ]]; then
    NEWEST=$(readlink "$folder/go/newest")
    toolchains=$(printf '%s\t%s' "$NEWEST" "$folder/go/newest/go/bin/go")
else
    NEWEST=$(cut -f 1 "$folder/go-toolchains.tsv" | sort -V | tail -n 1)
    toolchains=$(<"$folder/go-toolchains.tsv")
fi
export NEWEST

build_version() {
    local folder=$1 version=$2 go=$3
    local out=$folder/programs/$version started=$SECONDS
    mkdir -p "$out/probe-source" "$out/fib-source" "$out/goroutines-source"
    export GOTOOLCHAIN=local GOCACHE=$folder/go-cache GOFLAGS= GOENV=off CGO_ENABLED=0 GOWORK=off GOPATH=$folder/go-path
    unset GOOS GOARCH GOROOT GOWASM GOEXPERIMENT
    if [[ -f $out/done && ( $version != "$NEWEST" || -d $out/wasip1 ) && ! $go -nt $out/done && -z $(find "$PROBE" "$FIB" "$FILES" "$STORE" "$ECHO" "$EMBEDDED" "$STREAMS" "$SOCKETS" "$PLUGIN" "$ENDS" "$CALLS" "$AWAITS" "$HOSTCALL" "$GOROUTINES" "$SCRIPT" -newer "$out/done") ]]; then
        return 0
    fi
    rm -rf "$out/done" "$out/gofmt-source"
    local minor=${version#1.}
    minor=${minor%%[!0-9]*}
    # The language version of a module decides what loops and timers mean: each compiler is asked for its own.
    # The first versions know no modules, or not without a network.
    local source
    for source in "$PROBE" "$FIB" "$GOROUTINES"; do
        rm -f "$out/${source##*/}-source"/*
        cp "$source"/*.go "$out/${source##*/}-source"
        source=${source##*/}
        printf 'module %s\n\ngo 1.%s\n' "$source" "$minor" >"$out/$source-source/go.mod"
    done
    if [[ $minor -ge 16 ]]; then export GO111MODULE=on; else export GO111MODULE=off; fi
    (cd "$out/probe-source" && "$go" build -o "$out/probe" . && GOOS=js GOARCH=wasm "$go" build -o "$out/probe.wasm" .)
    (cd "$out/fib-source" && GOOS=js GOARCH=wasm "$go" build -o "$out/fib.wasm" .)
    # Stacks have to be read without any symbols, too.
    (cd "$out/goroutines-source" && GOOS=js GOARCH=wasm "$go" build -ldflags=-s -o "$out/goroutines.wasm" . &&
        "$go" build -o "$out/goroutines" .)
    if [[ $minor -eq 21 || $version == "$NEWEST" ]]; then build_for_wasi "$out" "$go" "$minor"; fi
    touch "$out/done"
    echo "    Go $version: programs built in $((SECONDS - started)) s"
}
# Builds the programs for WASI, and those that are built for both kinds of hosts.
build_for_wasi() {
    local out=$1 go=$2 minor=$3 source
    mkdir -p "$out/wasip1"
    for source in probe fib goroutines; do
        (cd "$out/$source-source" && GOOS=wasip1 GOARCH=wasm "$go" build -o "$out/wasip1/$source.wasm" .)
    done
    for source in "$FILES" "$STORE" "$ECHO" "$EMBEDDED" "$STREAMS" "$SOCKETS" "$PLUGIN" "$ENDS" "$CALLS" "$AWAITS"; do
        local name=${source##*/} mode=default
        if [[ $name == plugin || $name == ends || $name == calls || $name == awaits ]]; then
            if [[ $minor -lt 24 ]]; then continue; fi
            mode=c-shared
        fi
        mkdir -p "$out/$name-source"
        rm -rf "$out/$name-source"/*
        cp "$source"/*.go "$out/$name-source"
        if [[ $name == calls || $name == awaits ]]; then cp -R "$HOSTCALL" "$out/$name-source"; fi
        printf 'module example/%s\n\ngo 1.%s\n' "$name" "$minor" >"$out/$name-source/go.mod"
        (cd "$out/$name-source" &&
            GOOS=wasip1 GOARCH=wasm "$go" build -buildmode=$mode -o "$out/wasip1/$name.wasm" .)
    done
    for source in files store embedded streams; do
        (cd "$out/$source-source" && GOOS=js GOARCH=wasm "$go" build -o "$out/$source.wasm" .)
    done
    if [[ $minor -ge 24 ]]; then
        for source in ends calls awaits; do
            (cd "$out/$source-source" && GOOS=js GOARCH=wasm "$go" build -o "$out/$source.wasm" .)
        done
        (cd "$out/awaits-source" && GOOS=wasip1 GOARCH=wasm "$go" build -o "$out/wasip1/awaits-command.wasm" .)
    fi
    (cd "$out/streams-source" && "$go" build -o "$out/streams" .)
    if [[ $out == */"$NEWEST" ]]; then
        "$go" build -o "$out/gofmt" cmd/gofmt
        GOOS=js GOARCH=wasm "$go" build -o "$out/gofmt.wasm" cmd/gofmt
        GOOS=wasip1 GOARCH=wasm "$go" build -o "$out/wasip1/gofmt.wasm" cmd/gofmt
        cp -R "$("$go" env GOROOT)/src/encoding/json" "$out/gofmt-source"
    fi
}
export -f build_version build_for_wasi

mkdir -p "$folder/programs"
echo "==> Building the Go test programs"
while IFS=$'\t' read -r version go; do printf '%s\0%s\0' "$version" "$go"; done <<<"$toolchains" |
    xargs -0 -n 2 -P 2 bash -c 'set -euo pipefail; build_version "$0" "$1" "$2"' "$folder"
ln -sfn "$NEWEST" "$folder/programs/newest"
# The tests run the programs of all versions that are listed there.
if [[ ! $newest ]]; then cut -f 1 "$folder/go-toolchains.tsv" >"$folder/programs/versions.txt"; fi
