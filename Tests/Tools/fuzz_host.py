#!/usr/bin/env python3
"""Has gowasm-fuzz-host call the host with hostile arguments, in processes with small stacks and little memory.

Every process that ends by a signal is a failure: its seed and its last call are printed, and the rest of its sequences go
on behind that one. So is a call that takes for ever: what takes long is interrupted, as a limit of time does, and has to
end then. Ends with the numbers of calls.

usage: fuzz_host.py PROGRAM [--seed N] [--calls N] [--jobs N] [--kinds LIST] [--stack KIB] [--memory MIB] [--sanitized]
"""

import argparse
import collections.abc
import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

# How many sequences a process runs; a new one begins with a clean heap.
SEQUENCES = 200
# A call that takes so many seconds does not end.
PATIENCE = 60
SERVER = pathlib.Path(__file__).with_name("http_server.py")
SANITIZER = ":".join(
    [
        # Faults of guests are meant, and what is not freed at the end is no fault.
        "detect_leaks=0:handle_segv=0:handle_sigbus=0:allow_user_segv_handler=1:abort_on_error=1",
        # Its own bookkeeping has the addresses that a limit would take away: large blocks are refused instead.
        "allocator_may_return_null=1:max_allocation_size_mb=512:quarantine_size_mb=16:malloc_context_size=8",
    ]
)


class Journal:
    """What a process is about to do."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def read(self) -> tuple[int, str, str]:
        try:
            text = self.path.read_bytes().split(b"\0")[0].decode(errors="replace")
        except FileNotFoundError:
            text = ""
        calls, title, call = (text.split("\n", 2) + ["", "", ""])[:3]
        return int(calls) if calls.isdigit() else 0, title, call.rstrip("\n")


class Fuzzing:
    def __init__(self, options: argparse.Namespace, addresses: list[str], folder: pathlib.Path) -> None:
        self.options = options
        self.addresses = addresses
        self.folder = folder
        self.lock = threading.Lock()
        self.next_seed = options.seed
        self.calls = 0
        self.sequences = 0
        self.failures = 0

    def take(self) -> int | None:
        """The first seed of the next process's sequences."""
        with self.lock:
            if self.calls >= self.options.calls:
                return None
            seed = self.next_seed
            self.next_seed += SEQUENCES
            return seed

    def limit(self) -> None:
        stack = self.options.stack << 10
        resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not self.options.sanitized and self.options.memory:
            memory = self.options.memory << 20
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    def work(self, job: int) -> None:
        folder = self.folder / str(job)
        folder.mkdir()
        while (first := self.take()) is not None:
            seed, end = first, first + SEQUENCES
            while seed < end:
                seed = self.run(folder, seed, end - seed)

    def run(self, folder: pathlib.Path, seed: int, count: int) -> int:
        """Runs sequences; returns the seed of the first that was not run."""
        journal = Journal(folder / "journal")
        command = [self.options.program, folder, journal.path, str(seed), str(count), self.options.kinds]
        # Backtraces of the Swift runtime take long, and the last call says more.
        environment = os.environ | {"ASAN_OPTIONS": SANITIZER, "SWIFT_BACKTRACE": "enable=no"}
        with (folder / "errors").open("wb") as errors:
            process = subprocess.Popen(
                [*command, *self.addresses], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                preexec_fn=self.limit, env=environment
            )
            ending = self.wait(process, journal)
        calls, title, call = journal.read()
        with self.lock:
            self.calls += calls
            self.sequences += count
            if ending == "":
                return seed + count
            text = (folder / "errors").read_bytes()[-6000:].decode(errors="replace")
            reached = int(title.split()[1]) if " " in title else seed
            self.sequences -= seed + count - reached - 1
            self.failures += 1
            print(f"FAILED ({ending}): {title}: {call[:400]}", flush=True)
            lines = [line for line in text.splitlines() if "rror" in line or "atal" in line or line[:5] == "    #"]
            print("\n".join("    " + line[:200] for line in lines[:12]), flush=True)
            return reached + 1

    @staticmethod
    def wait(process: subprocess.Popen[bytes], journal: Journal) -> str:
        """Waits for the end; returns why it was none, or nothing."""
        last, since = None, time.monotonic()
        while True:
            try:
                code = process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                state = journal.read()
                if state != last:
                    last, since = state, time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    process.kill()
                    process.wait()
                    return f"has not ended after {PATIENCE} s"
                continue
            if code < 0:
                return signal.Signals(-code).name
            return "" if code == 0 else f"exit code {code}"


@contextlib.contextmanager
def server() -> collections.abc.Iterator[list[str]]:
    """A server on this machine; gives addresses of it."""
    with subprocess.Popen(
        [sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        port = process.stdout.readline().split()[0]
        try:
            yield [f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/gzip", f"http://127.0.0.1:{port}/broken"]
        finally:
            process.stdin.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=5_000_000, help="calls, in all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kinds", default="js,sweep,imports,wasi,huge,long")
    parser.add_argument("--stack", type=int, default=256, help="of each process, in KiB")
    parser.add_argument("--memory", type=int, default=2048, help="address space of each process, in MiB; 0: no limit")
    parser.add_argument("--sanitized", action="store_true", help="the program has AddressSanitizer")
    options = parser.parse_args()

    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gowasm-fuzz-host-") as folder, server() as addresses:
        fuzzing = Fuzzing(options, addresses, pathlib.Path(folder))
        workers = [threading.Thread(target=fuzzing.work, args=(job,)) for job in range(options.jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print(
        f"{fuzzing.calls:,} calls in {fuzzing.sequences:,} sequences from the seed {options.seed} on, "
        f"{time.monotonic() - start:.0f} s, {fuzzing.failures} failures"
    )
    return 1 if fuzzing.failures else 0


if __name__ == "__main__":
    sys.exit(main())
