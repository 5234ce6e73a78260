#!/usr/bin/env python3
"""Runs a WASI program on wasmtime as Go's go_wasip1_wasm_exec does: with all files, PWD and PATH.

usage: run_wasmtime.py FILE.wasm [arguments...]

Needs the package wasmtime from PyPI. What is compiled is cached, because that takes longer than most tests.
"""

import os
import sys

import wasmtime

config = wasmtime.Config()
config.cache = True
# Go's script asks for 8 MiB, which this package does not allow.
config.max_wasm_stack = 1_900_000
engine = wasmtime.Engine(config)
wasi = wasmtime.WasiConfig()
wasi.argv = sys.argv[1:]
wasi.env = [(name, os.environ[name]) for name in ("PWD", "PATH") if name in os.environ]
wasi.inherit_stdin()
wasi.inherit_stdout()
wasi.inherit_stderr()
wasi.preopen_dir("/", "/")
store = wasmtime.Store(engine)
store.set_wasi(wasi)
linker = wasmtime.Linker(engine)
linker.define_wasi()
instance = linker.instantiate(store, wasmtime.Module.from_file(engine, sys.argv[1]))
try:
    instance.exports(store)["_start"](store)
except wasmtime.ExitTrap as exit_trap:
    sys.exit(exit_trap.code)
