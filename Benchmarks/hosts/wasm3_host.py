"""Runs a WASI program with the pywasm3 package, which brings the interpreter and no WASI: wasm3_host.py FILE [arguments].

What Go's runtime needs for arguments, output, clocks and randomness is here; every other function says "not supported".
With --version it prints the package's version.
"""

import importlib.metadata
import os
import struct
import sys
import time

import wasm3

SUCCESS, BAD_DESCRIPTOR, NOT_SUPPORTED = 0, 8, 58
CLOCKS = {0: time.time_ns, 1: time.monotonic_ns}
# The functions that Go's runtime and library import, with pywasm3's letters for their types: i is i32, I is i64.
SIGNATURES = {
    "args_get": "i(ii)", "args_sizes_get": "i(ii)", "clock_time_get": "i(iIi)", "environ_get": "i(ii)",
    "environ_sizes_get": "i(ii)", "fd_close": "i(i)", "fd_fdstat_get": "i(ii)", "fd_fdstat_set_flags": "i(ii)",
    "fd_prestat_dir_name": "i(iii)", "fd_prestat_get": "i(ii)", "fd_read": "i(iiii)", "fd_write": "i(iiii)",
    "poll_oneoff": "i(iiii)", "proc_exit": "v(i)", "random_get": "i(ii)", "sched_yield": "i()",
    "fd_filestat_get": "i(ii)", "fd_filestat_set_size": "i(iI)", "fd_pread": "i(iiiIi)", "fd_pwrite": "i(iiiIi)",
    "fd_readdir": "i(iiiIi)", "fd_seek": "i(iIii)", "fd_sync": "i(i)", "path_create_directory": "i(iii)",
    "path_filestat_get": "i(iiiii)", "path_filestat_set_times": "i(iiiiIIi)", "path_link": "i(iiiiiii)",
    "path_open": "i(iiiiiIIii)", "path_readlink": "i(iiiiii)", "path_remove_directory": "i(iii)",
    "path_rename": "i(iiiiii)", "path_symlink": "i(iiiii)", "path_unlink_file": "i(iii)",
    "sock_accept": "i(iii)", "sock_shutdown": "i(ii)",
}


class Host:
    """The functions, over the memory of a runtime."""

    def __init__(self, runtime: "wasm3.Runtime", arguments: list[str]) -> None:
        self.runtime = runtime
        self.arguments = [os.fsencode(argument) + b"\0" for argument in arguments]

    def put(self, format: str, address: int, *values: int) -> int:
        struct.pack_into("<" + format, self.runtime.get_memory(0), address, *values)
        return SUCCESS

    def args_sizes_get(self, count: int, size: int) -> int:
        self.put("I", count, len(self.arguments))
        return self.put("I", size, sum(map(len, self.arguments)))

    def args_get(self, pointers: int, text: int) -> int:
        for number, argument in enumerate(self.arguments):
            self.put("I", pointers + 4 * number, text)
            text += self.put(f"{len(argument)}s", text, argument) or len(argument)
        return SUCCESS

    def environ_sizes_get(self, count: int, size: int) -> int:
        return self.put("I", count, 0) or self.put("I", size, 0)

    def environ_get(self, pointers: int, text: int) -> int:
        return SUCCESS

    def clock_time_get(self, clock: int, precision: int, result: int) -> int:
        return self.put("Q", result, CLOCKS[clock]())

    def random_get(self, address: int, count: int) -> int:
        return self.put(f"{count}s", address, os.urandom(count))

    def sched_yield(self) -> int:
        return SUCCESS

    def fd_write(self, descriptor: int, vectors: int, count: int, written: int) -> int:
        memory, total = self.runtime.get_memory(0), 0
        for number in range(count):
            address, size = struct.unpack_from("<II", memory, vectors + 8 * number)
            data = bytes(memory[address:address + size])
            while data:
                done = os.write(descriptor, data)
                data, total = data[done:], total + done
        return self.put("I", written, total)

    def fd_fdstat_get(self, descriptor: int, result: int) -> int:
        # A character device with all rights.
        return self.put("BxHxxxxQQ", result, 2, 0, 2**64 - 1, 2**64 - 1) if descriptor < 3 else BAD_DESCRIPTOR

    def fd_fdstat_set_flags(self, descriptor: int, flags: int) -> int:
        return SUCCESS

    def fd_prestat_get(self, descriptor: int, result: int) -> int:
        return BAD_DESCRIPTOR

    def poll_oneoff(self, subscriptions: int, events: int, count: int, done: int) -> int:
        # Go waits for one timer at a time, or for nothing: the shortest timeout ends the waiting.
        memory, shortest = self.runtime.get_memory(0), None
        for number in range(count):
            data, kind = struct.unpack_from("<QB", memory, subscriptions + 48 * number)
            timeout, _, flags = struct.unpack_from("<QQH", memory, subscriptions + 48 * number + 24)
            if kind == 0:
                timeout -= time.monotonic_ns() if flags & 1 else 0
                if shortest is None or timeout < shortest[0]:
                    shortest = (timeout, data)
        if shortest is None:
            return NOT_SUPPORTED
        time.sleep(max(0, shortest[0]) / 1e9)
        self.put("QHBxxxxxQQ", events, shortest[1], 0, 0, 0, 0)
        return self.put("I", done, 1)

    def proc_exit(self, code: int) -> None:
        os._exit(code)


def main() -> None:
    if sys.argv[1] == "--version":
        print("pywasm3", importlib.metadata.version("pywasm3"))
        return
    environment = wasm3.Environment()
    runtime = environment.new_runtime(8 << 20)
    with open(sys.argv[1], "rb") as file:
        module = environment.parse_module(file.read())
    runtime.load(module)
    host = Host(runtime, sys.argv[1:])
    for name, signature in SIGNATURES.items():
        function = getattr(host, name, lambda *arguments: NOT_SUPPORTED)
        try:
            module.link_function("wasi_snapshot_preview1", name, signature, function)
        except RuntimeError:
            pass  # the module does not import it
    runtime.find_function("_start")()


main()
