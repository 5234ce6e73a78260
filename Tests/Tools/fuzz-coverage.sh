#!/usr/bin/env bash
# Runs the coverage-guided fuzzers of Tests/Fuzz.
#
# usage: fuzz-coverage.sh PROGRAM FOLDER TARGETS [options of libFuzzer]
#
# TARGETS are some of module, code, js, tinygo, wasi, symbols, separated by commas. FOLDER/TARGET/corpus keeps what
# reached something new;
# FOLDER/TARGET/crash-… (also timeout-…, oom-…) is an input that failed, which PROGRAM runs again when it is given it.
set -euo pipefail

program=$1
folder=$2
targets=${3//,/ }
shift 3
# Where the guests' folders are made.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# Faults of guests are meant, and what is not freed at the end is no fault.
export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_sigbus=0:allow_user_segv_handler=1:abort_on_error=1:malloc_context_size=8:quarantine_size_mb=16
for target in $targets; do
    mkdir -p "$folder/$target/seeds" "$folder/$target/corpus"
    echo "==> Fuzzing $target"
    log=$folder/$target/log
    # The seeds are written when the fuzzer starts.
    if ! GOWASM_FUZZ_TARGET=$target GOWASM_FUZZ_SEEDS=$folder/$target/seeds "$program" -max_len=4000 -timeout=30 \
        -rss_limit_mb=3000 -malloc_limit_mb=2500 -artifact_prefix="$folder/$target/" -print_final_stats=1 "$@" \
        "$folder/$target/corpus" "$folder/$target/seeds" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "Again: GOWASM_FUZZ_TARGET=$target ASAN_OPTIONS=$ASAN_OPTIONS $program FILE" >&2
        exit 1
    fi
    grep -a '^Done' "$log"
    grep -a 'DONE' "$log" | cut -d ' ' -f 1-6
done
