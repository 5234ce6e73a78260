"""Runs a WASI program with the wasmtime package, which has no command of its own.

usage: wasmtime_host.py cranelift|winch|pulley [--dir FOLDER] FILE [arguments]

The program gets the folder under its own path. With --version it prints the package's version.
"""

import importlib.metadata
import sys

import wasmtime
import wasmtime._ffi as c  # the package's own names for Winch and for Pulley's target are missing


def main() -> None:
    if sys.argv[1] == "--version":
        print("wasmtime", importlib.metadata.version("wasmtime"))
        return
    kind, rest = sys.argv[1], sys.argv[2:]
    folder = None
    if rest[0] == "--dir":
        folder, rest = rest[1], rest[2:]
    file = rest[0]
    config = wasmtime.Config()
    # Go calls are wasm calls: as much as fits into the stacks that the package makes.
    config.max_wasm_stack = 1 << 20
    if kind == "winch":
        c.wasmtime_config_strategy_set(config.ptr(), 2)  # WASMTIME_STRATEGY_WINCH
    elif kind == "pulley":
        error = c.wasmtime_config_target_set(config.ptr(), b"pulley64")
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)
    engine = wasmtime.Engine(config)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = rest
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    if folder:
        wasi.preopen_dir(folder, folder)
    store.set_wasi(wasi)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, file))
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        sys.exit(end.code)


main()
