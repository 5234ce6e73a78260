#!/usr/bin/env python3
"""Attacks the bytecode that gowasm-fast keeps of programs, and says how each attack ended.

    attack_cache.py --executable .build/release/gowasm-fast --count 20000 --seed 1

damaged      bits flipped, cut off, lengthened, stretches of the file or of another one copied over others
foreign      of another build, of another module, of another way to run the same module
raced        several runs write and read one file, which is also replaced and overwritten in place meanwhile
interrupted  runs are killed while they may be writing
--remade     damaged, with a checksum made anew: what somebody can do who may write to the folder. That is believed,
             so its outcomes are only counted.

Every second run compiles all functions to machine code, and so what was read; what is kept for these is another file than
what is kept for the others, and each run is attacked with its own. A run must print what the program prints and end with
0. A death by a signal, another result, a line on standard error, or another file than the one that was attacked is a
failure, and the exit status is 1. The image that led to one is kept in the folder of --output.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

MASK = (1 << 64) - 1
FACTOR = 0x9E3779B97F4A7C15
# As in CodeImage: words of the header, and the bytes of a function's entry.
HEADER = struct.Struct("<13Q")
CHECKSUM_WORD, FUNCTIONS_WORD, CELLS_WORD = 1, 11, 12
ENTRY_SIZE, CELL_SIZE = 20, 4
SUFFIX = ".bytecode"
# What GOWASM_NATIVE says: as usual, and everything compiled.
POLICIES = ["100", "0"]
TIMEOUT = 20


def checksum(*parts):
    """The sum over words that CodeImage writes; it protects from accidents, not from attacks."""
    lanes = [1, 2, 3, 4]
    for part in parts:
        whole = len(part) // 32 * 32
        for words in struct.iter_unpack("<4Q", part[:whole]):
            for index in range(4):
                lane = (lanes[index] ^ words[index]) * FACTOR & MASK
                lanes[index] = lane ^ lane >> 29
        for byte in part[whole:]:
            lane = (lanes[0] ^ byte) * FACTOR & MASK
            lanes[0] = lane ^ lane >> 29
        lanes[1] = (lanes[1] ^ len(part)) * FACTOR & MASK
    total = 0
    for lane in lanes:
        mixed = (total ^ lane) * FACTOR & MASK
        total = mixed ^ mixed >> 32
    return total


def sections(image):
    """The header, the entries, what is compared with the module, and the cells: as ranges of bytes."""
    words = HEADER.unpack_from(image)
    entries = HEADER.size + words[FUNCTIONS_WORD] * ENTRY_SIZE
    cells = len(image) - words[CELLS_WORD] * CELL_SIZE
    return [(0, HEADER.size), (HEADER.size, entries), (entries, cells), (cells, len(image))]


def flip(image, numbers, start, end):
    for _ in range(numbers.choice([1, 1, 1, 2, 4, 16])):
        image[numbers.randrange(start, end)] ^= 1 << numbers.randrange(8)


def copy(image, source, numbers, start, end):
    count = min(numbers.choice([1, 4, 16, 64, 1000, 40000]), end - start, len(source))
    at, begin = numbers.randrange(start, end - count + 1), numbers.randrange(0, len(source) - count + 1)
    image[at:at + count] = source[begin:begin + count]


def damage(image, other, numbers):
    """A damaged copy of an image; `other` is one of another module or another way to run."""
    damaged = bytearray(image)
    while damaged == image:
        start, end = numbers.choice(sections(image))
        kind = numbers.randrange(8)
        if kind < 3:
            flip(damaged, numbers, start, end)
        elif kind == 3:
            del damaged[numbers.randrange(len(damaged)):]
        elif kind == 4:
            damaged += numbers.randbytes(numbers.choice([1, 4, 4096]))
            # What follows is never read: something else has to be wrong, too.
            flip(damaged, numbers, start, end)
        elif kind == 5:
            copy(damaged, numbers.choice([image, other]), numbers, start, end)
        elif kind == 6:
            count = min(numbers.choice([4, 16, 256, 4096]), end - start)
            at = numbers.randrange(start, end - count + 1)
            damaged[at:at + count] = numbers.choice([bytes(count), b"\xff" * count, numbers.randbytes(count)])
        else:
            # A section of another image in the place of the same one of this.
            index = numbers.randrange(4)
            (start, end), (first, last) = sections(image)[index], sections(other)[index]
            damaged[start:end] = other[first:last]
    return bytes(damaged)


def remade(image, numbers):
    """A copy with damaged entries or cells, and the checksum of what it has."""
    damaged = bytearray(image)
    (start, middle), (cells, end) = sections(image)[1], sections(image)[3]
    while damaged == image:
        first, last = (start, middle) if numbers.randrange(4) == 0 else (cells, end)
        numbers.choice([flip, flip, lambda *a: copy(a[0], image[cells:end], *a[1:])])(damaged, numbers, first, last)
    words = list(HEADER.unpack_from(damaged))
    words[CHECKSUM_WORD] = checksum(bytes(damaged[start:middle]), bytes(damaged[cells:end]))
    HEADER.pack_into(damaged, 0, *words)
    return bytes(damaged)


class Attack:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attack-cache-"))
        self.command = [options.executable, options.module, options.argument]
        self.expected = self.execute(self.command, "off", POLICIES[0]).stdout
        self.failures = 0
        self.lock = threading.Lock()

    @staticmethod
    def environment(cache, policy):
        return {"GOWASM_CACHE": str(cache), "GOWASM_NATIVE": policy, "PATH": "/usr/bin:/bin"}

    def execute(self, command, cache, policy):
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              env=self.environment(cache, policy), timeout=TIMEOUT, check=False)

    def cache(self, name):
        cache = self.folder / name
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(mode=0o700)
        return cache

    def image(self, command, policy):
        """What is kept of a command, and the name of its file."""
        cache = self.cache("image")
        self.execute(command, cache, policy)
        files = list(cache.glob("*" + SUFFIX))
        if len(files) != 1:
            sys.exit(f"attack-cache: {' '.join(command)} left {len(files)} files; it must leave one")
        return files[0].name, files[0].read_bytes()

    def images(self, *options):
        """What is kept of the program, run with options, and the names of the files: by policy."""
        command = [self.command[0], *options, *self.command[1:]]
        return {policy: self.image(command, policy) for policy in POLICIES}

    @staticmethod
    def place(cache, name, data):
        path = cache / name
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)

    def outcome(self, cache, policy):
        """How a run ends that may take its code from a folder."""
        try:
            run = self.execute(self.command, cache, policy)
        except subprocess.TimeoutExpired:
            return "did not end"
        if run.returncode < 0:
            return f"died by {signal.Signals(-run.returncode).name}"
        if run.returncode != 0:
            return f"ended with {run.returncode}"
        if run.stdout != self.expected:
            return "another result"
        return "right" if not run.stderr else "said something"

    def report(self, kind, outcomes, fails=True):
        wrong = sum(count for outcome, count in outcomes.items() if outcome != "right")
        if fails:
            self.failures += wrong
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        print(f"attack-cache: {kind}, seed {self.options.seed}: {sum(outcomes.values())} runs: {counts}", flush=True)

    def note(self, outcomes, outcome, kind, number, data):
        with self.lock:
            outcomes[outcome] += 1
            if outcome != "right" and self.options.output:
                os.makedirs(self.options.output, exist_ok=True)
                pathlib.Path(self.options.output, f"{kind}-{self.options.seed}-{number}{SUFFIX}").write_bytes(data)

    def files(self, kind, count, make):
        """Runs with `count` images that `make` returns for random numbers and a policy, several at a time."""
        names = {policy: name for policy, (name, _) in self.images().items()}
        outcomes = collections.Counter()

        def work(worker):
            cache = self.cache(f"{kind}{worker}")
            for number in range(worker, count, self.options.jobs):
                policy = POLICIES[number % len(POLICIES)]
                data = make(random.Random(f"{kind} {self.options.seed} {number}"), policy)
                for path in cache.iterdir():
                    path.unlink()
                self.place(cache, names[policy], data)
                outcome = self.outcome(cache, policy)
                # The file that was attacked is the one that is read and written.
                if outcome == "right" and [path.name for path in cache.glob("*" + SUFFIX)] != [names[policy]]:
                    outcome = "another file"
                self.note(outcomes, outcome, kind, number, data)

        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(work, range(self.options.jobs)))
        return outcomes

    # The attacks.

    def damaged(self, count):
        images, others = self.images(), self.images("--no-optimize")
        self.report("damaged", self.files(
            "damaged", count, lambda numbers, policy: damage(images[policy][1], others[policy][1], numbers)))

    def remade(self, count):
        images = self.images()
        outcomes = self.files("remade", count, lambda numbers, policy: remade(images[policy][1], numbers))
        self.report("remade (believed, as SECURITY.md says; no failure)", outcomes, fails=False)

    def foreign(self, count):
        """Whole images that are sound, but not of this build, this module or these options."""
        images = []
        for policy in POLICIES:
            for options in (["--no-optimize"], ["--checked-memory"], ["--no-optimize", "--checked-memory"]):
                images.append(self.image([self.command[0], *options, *self.command[1:]], policy)[1])
            images.append(self.image(self.other_build(), policy)[1])
            for data in self.other_modules():
                path = self.folder / "other.wasm"
                path.write_bytes(data)
                images.append(self.image([self.command[0], str(path), self.options.argument], policy)[1])
        self.report("foreign", self.files("foreign", count, lambda numbers, policy: numbers.choice(images)))

    def other_build(self):
        """A copy of the program whose build ID is another."""
        program = bytearray(pathlib.Path(self.options.executable).read_bytes())
        note = program.find(struct.pack("<3I", 4, 20, 3) + b"GNU\0")
        if note < 0:
            sys.exit("attack-cache: the program has no build ID")
        program[note + 16] ^= 1
        path = self.folder / "other-build"
        path.write_bytes(program)
        path.chmod(0o755)
        return [str(path), *self.command[1:]]

    def other_modules(self):
        """The module with a data segment's text, or an instruction's constant, changed."""
        module = pathlib.Path(self.options.module).read_bytes()
        text = module.rfind(b") = ")
        if text >= 0:
            yield module[:text] + b"] = " + module[text + 4:]
        # A custom section of the name "x" at the end.
        yield module + b"\0\2\1x"

    def raced(self, count):
        images = list(self.images().values())
        cache = self.cache("raced")
        outcomes = collections.Counter()
        is_over = threading.Event()

        def replace():
            numbers = random.Random(f"raced {self.options.seed}")
            while not is_over.is_set():
                kind = numbers.randrange(5)
                name, image = numbers.choice(images)
                path = cache / name
                try:
                    if kind == 0:
                        path.unlink(missing_ok=True)
                    elif kind == 1:
                        temporary = cache / "replacement"
                        self.place(cache, temporary.name, damage(image, image, numbers))
                        temporary.rename(path)
                    elif kind == 2:
                        path.write_bytes(image)
                    else:
                        # In place, while it may be read.
                        with open(path, "r+b") as file:
                            file.seek(numbers.randrange(len(image)))
                            file.write(numbers.randbytes(numbers.choice([1, 100, 10000])))
                            if kind == 4:
                                file.truncate()
                except FileNotFoundError:
                    pass
                time.sleep(numbers.random() * 0.004)

        replacer = threading.Thread(target=replace)
        replacer.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(2 * self.options.jobs) as pool:
                outcomes.update(pool.map(
                    lambda number: self.outcome(cache, POLICIES[number % len(POLICIES)]), range(count)))
        finally:
            is_over.set()
            replacer.join()
        self.report("raced", outcomes)

    def interrupted(self, count):
        names = {policy: name for policy, (name, _) in self.images().items()}
        whole = {}
        for policy in POLICIES:
            begin = time.monotonic()
            self.execute(self.command, self.cache("interrupted"), policy)
            whole[policy] = time.monotonic() - begin
        numbers = random.Random(f"interrupted {self.options.seed}")
        outcomes, left = collections.Counter(), collections.Counter()
        for number in range(count):
            policy = POLICIES[number % len(POLICIES)]
            cache = self.cache("interrupted")
            process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=self.environment(cache, policy))
            # Most of the writing is near the end: half of the runs are killed when a file is there.
            watches = numbers.randrange(2) == 0
            deadline = time.monotonic() + (0.5 + 0.6 * numbers.random() if not watches else 20) * whole[policy]
            while time.monotonic() < deadline and process.poll() is None:
                if watches and any(cache.iterdir()):
                    break
            process.kill()
            process.wait()
            found = [path.name for path in cache.iterdir()]
            left["complete" if names[policy] in found else "cut off" if found else "nothing"] += 1
            outcomes[self.outcome(cache, policy)] += 1
        self.report("interrupted", outcomes)
        print("attack-cache: interrupted runs left " + ", ".join(f"{n} times {what}" for what, n in sorted(left.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executable", required=True, help="gowasm-fast")
    parser.add_argument("--module", default="main.wasm", help="a program that prints the same each time")
    parser.add_argument("--argument", default="10", help="its argument")
    parser.add_argument("--count", type=int, default=20000, help="damaged images; the others get a part of that")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--remade", action="store_true", help="only images with a checksum made anew")
    parser.add_argument("--output", help="a folder for the images that led to failures")
    options = parser.parse_args()
    options.executable = os.path.abspath(options.executable)
    attack = Attack(options)
    try:
        if options.remade:
            attack.remade(options.count)
        else:
            attack.damaged(options.count)
            part = max(20, options.count // 20)
            attack.foreign(part)
            attack.raced(part)
            attack.interrupted(part)
    finally:
        shutil.rmtree(attack.folder, ignore_errors=True)
    if attack.failures:
        sys.exit(f"attack-cache: {attack.failures} runs did not end as they must")


if __name__ == "__main__":
    main()
