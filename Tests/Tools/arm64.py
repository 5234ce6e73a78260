#!/usr/bin/env python3
"""Runs the engine for arm64 under emulation: images of bytecode, by the same C sources as everywhere.

The images (Tests/Images) are written on this machine: the calls of the specification's tests, random modules, Go programs,
and how executions end. The runner is compiled for arm64 with glibc and with musl, and for this processor, and runs them in
the loop for guarded memories, in the one that compares addresses, and as machine code where that can be made. Besides it
is interrupted at random moments, samples are taken, and host functions of all signatures are called.

What qemu's emulation of user programs cannot show: the order in which other processors see writes (it keeps more order than
arm64 has to), stale instruction caches (it watches writes to code), and how long anything takes. It
delivers signals between the pieces of code that it translates: between instructions with its option -singlestep.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "Tests" / "Tools"
PACKAGES = ["qemu-user", "gcc-aarch64-linux-gnu", "wabt"]
ZIG = "ziglang==0.17.*"
# As SwiftPM compiles them, but without its modules, and with as many warnings as there are.
FLAGS = ["-std=gnu17", "-O2", "-DSWIFT_PACKAGE=1", "-fblocks", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror"]
COUNTS = re.compile(r"^(\d+) images, (\d+) calls, (\d+) passed, (\d+) failed$", re.MULTILINE)
# Programs of Benchmarks/Programs with arguments for which the emulation takes some seconds.
PROGRAMS = {"fib": "21", "nbody": "2000", "sha256": "64", "sort": "3000"}
RANDOM, RANDOM_SLICE = 3000, 300
CPUS = os.cpu_count() or 1
# In one process: the emulation keeps a megabyte for each image, although the memory is given back.
MOST_IMAGES = 200


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def run(command: list, what: str, **options) -> str:
    """What a command prints; ends with its complaints where it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        sys.exit(f"{what} failed: {' '.join(str(word) for word in command[:12])} …")
    return done.stdout


# --- What is needed ---

def find_libffi(folder: pathlib.Path) -> pathlib.Path:
    """libffi for arm64 out of Debian's packages, which are unpacked and not installed: the system stays as it is."""
    system = folder / "debian"
    if (system / "usr/lib/aarch64-linux-gnu/libffi.a").exists():
        return system
    state = folder / "apt"
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    options = ["-qq", "-o", "APT::Architecture=arm64", "-o", "APT::Architectures::=arm64",
               "-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::State::Status={state}/status",
               "-o", f"Dir::Cache={state}", "-o", "APT::Sandbox::User=root"]
    run(["apt-get", *options, "update"], "apt-get update for arm64")
    run(["apt-get", *options, "download", "libffi-dev"], "apt-get download", cwd=state)
    for package in state.glob("libffi-dev*.deb"):
        run(["dpkg", "-x", package, system], "unpacking libffi")
    return system


def find_zig(folder: pathlib.Path) -> list:
    """The C compiler of Zig, which brings musl."""
    venv = folder / "venv"
    run([TOOLS / "python-venv.sh", venv], "making a virtual environment")
    run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", ZIG], "installing Zig")
    return [venv / "bin/python", "-m", "ziglang", "cc"]


def build_programs(folder: pathlib.Path, tools: pathlib.Path) -> list[pathlib.Path]:
    """Go's programs for WASI."""
    say("Building Go programs")
    run([TOOLS / "go-toolchains.sh", "--newest", tools], "installing Go")
    go = tools / "go/newest/go/bin/go"
    result = []
    for name in PROGRAMS:
        source = folder / "programs" / name
        source.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "Benchmarks/Programs" / name / "main.go", source)
        (source / "go.mod").write_text(f"module example/{name}\n\ngo 1.24\n")
        environment = {**os.environ, "GOOS": "wasip1", "GOARCH": "wasm", "GOTOOLCHAIN": "local", "GOFLAGS": "",
                       "GOWORK": "off", "GOCACHE": str(tools / "go-cache")}
        result.append(folder / f"{name}.wasm")
        run([go, "build", "-o", result[-1], "."], f"compiling {name}", cwd=source, env=environment)
    return result


def write_images(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    programs = build_programs(folder, options.tools)
    say("Building the writer of images")
    environment = {**os.environ, "GOWASM_IMAGES": "1"}
    build = [*options.swift.split(), "build", "--product", "gowasm-images"]
    run(build, "building the writer", cwd=ROOT, env=environment)
    binaries = run([*build, "--show-bin-path"], "finding the writer", cwd=ROOT, env=environment).strip()
    images = folder / "images"
    shutil.rmtree(images, ignore_errors=True)
    kinds = ["special", "spec", f"random={RANDOM_SLICE if options.slice else RANDOM}"]
    if not options.slice:
        kinds.append("spec-plain")
    kinds += [f"program={program} {PROGRAMS[program.stem]}" for program in programs]
    say(f"Writing images of {', '.join(kind.split('=')[0] for kind in kinds)}")
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        for text in pool.map(lambda kind: run([f"{binaries}/gowasm-images", images, kind], "writing images"), kinds):
            sys.stdout.write(text)
    run([f"{binaries}/gowasm-images", images / "wrong", "wrong"], "writing images")
    return images


# --- The runner ---

@dataclasses.dataclass
class Target:
    """A system that the runner is compiled for."""

    name: str
    compiler: list
    link: list
    libraries: list
    # What comes before the runner.
    emulator: list


def sources() -> list[pathlib.Path]:
    files = sorted((ROOT / "CSupport").rglob("*.c")) + [ROOT / "Sources/CHostSystem/gw_account.c"]
    files += sorted((ROOT / "Tests/Images").rglob("*.c"))
    return files


def build_runner(target: Target, folder: pathlib.Path) -> pathlib.Path:
    """Compiles what has changed since the last time."""
    say(f"Compiling the runner for {target.name}")
    out = folder / target.name
    out.mkdir(parents=True, exist_ok=True)
    folders = [path for path in (ROOT / "CSupport").rglob("*") if path.is_dir()]
    folders += [ROOT / "CSupport", ROOT / "Sources/CHostSystem/include", ROOT / "Tests/Images/Format/include"]
    includes = [f"-I{path}" for path in folders]
    headers = [path for top in folders for path in top.iterdir() if path.suffix in (".h", ".inc", ".def")]
    newest = max(path.stat().st_mtime for path in headers)

    def compile_one(source: pathlib.Path) -> pathlib.Path:
        # Files of several folders may have one name.
        target_file = out / f"{source.parent.name}-{source.name}.o"
        if not target_file.exists() or target_file.stat().st_mtime < max(newest, source.stat().st_mtime):
            run([*target.compiler, *FLAGS, *includes, "-c", source, "-o", target_file], f"compiling {source.name}")
        return target_file

    # What takes longest begins first.
    files = sorted(sources(), key=lambda file: "gw_interpreter" not in file.name)
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        objects = list(pool.map(compile_one, files))
    run([*target.link, "-o", out / "gw-image-runner", *objects, *target.libraries], f"linking for {target.name}")
    return out / "gw-image-runner"


def targets(options: argparse.Namespace, folder: pathlib.Path) -> list[Target]:
    swift = pathlib.Path(os.path.realpath(shutil.which(options.swift.split()[0]) or "swift"))
    clang = swift.parent / "clang"
    emulator = ["qemu-aarch64"]
    result = []
    if "glibc" in options.systems:
        debian = find_libffi(folder)
        compiler = [clang, "--target=aarch64-linux-gnu", "-isystem", "/usr/aarch64-linux-gnu/include",
                    "-isystem", debian / "usr/include/aarch64-linux-gnu"]
        link = ["aarch64-linux-gnu-gcc", "-static", f"-L{debian}/usr/lib/aarch64-linux-gnu"]
        result.append(Target("arm64-glibc", compiler, link, ["-lffi"], emulator))
    if "musl" in options.systems:
        # Zig names the folder of its own cache by the home folder, which need not be there.
        os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(folder / "zig"))
        # Compiled as everywhere, by Swift's clang: another compiler may give two handlers one place. Zig has the headers,
        # and links. (Debian's libffi asks of the C library what musl has as well.)
        zig = [*find_zig(folder), "-target", "aarch64-linux-musl"]
        headers = next((folder / "venv").glob("lib/python3*/site-packages/ziglang/lib/libc/include"))
        debian = find_libffi(folder)
        compiler = [clang, "--target=aarch64-linux-musl", "-nostdlibinc"]
        for name in ("aarch64-linux-musl", "generic-musl", "aarch64-linux-any", "any-linux-any"):
            compiler += ["-isystem", headers / name]
        compiler += ["-isystem", debian / "usr/include/aarch64-linux-gnu"]
        link = [*zig, "-static", f"-L{debian}/usr/lib/aarch64-linux-gnu"]
        result.append(Target("arm64-musl", compiler, link, ["-lffi"], emulator))
    if "native" in options.systems:
        result.append(Target("native", [clang], [clang], ["-lffi", "-lpthread"], []))
    return result


# --- Running ---

class Failure(Exception):
    """Images that failed have been reported."""


def run_images(target: Target, runner: pathlib.Path, images: list, flags: list, title: str, emulate: list) -> str:
    """Runs images in several processes, and prints what they come to: the counts, and what else is said."""
    begin = time.monotonic()
    count = max(4 * CPUS, len(images) // MOST_IMAGES)
    pieces = [images[i::count] for i in range(count)] if images else [[]]
    totals, others, failed, done_count = [0, 0, 0, 0], [], False, 0
    prefix = [*target.emulator, *emulate] if target.emulator else []

    def one(piece: list) -> subprocess.CompletedProcess:
        return subprocess.run([str(word) for word in [*prefix, runner, *flags, *piece]], capture_output=True, text=True,
                              check=False)

    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        for done in pool.map(one, [piece for piece in pieces if piece or not images]):
            done_count += 1
            if done.returncode == 2 and "no machine code for this processor" in done.stderr:
                return "there is no machine code for this processor"
            counts = COUNTS.search(done.stdout)
            others += [line for line in done.stdout.splitlines() if not COUNTS.match(line)]
            if counts:
                totals = [total + int(number) for total, number in zip(totals, counts.groups())]
            # 2: nothing of this piece says anything in this way.
            if not counts or done.returncode not in (0, 2):
                failed = True
                sys.stderr.write(done.stderr[-6000:])
                if not counts:
                    sys.stderr.write(f"it ended with {done.returncode}\n")
            if sys.stdout.isatty():
                print(f"\r    {title}: {totals[0]} of {len(images)} images", end="", flush=True)
    text = "{} images, {} calls, {} passed, {} failed".format(*totals) + summed(others)
    print(f"{chr(13) if sys.stdout.isatty() else ''}    {target.name}, {title}: {text} "
          f"({time.monotonic() - begin:.0f} s)", flush=True)
    if failed or (images and not totals[1]):
        raise Failure
    return text


def summed(lines: list[str]) -> str:
    """Lines of several processes that differ in numbers, as one each; of numbers of different instructions the largest."""
    sums: dict[str, list[int]] = {}
    for line in lines:
        numbers = [int(number) for number in re.findall(r"\d+", line)]
        key = re.sub(r"\d+", "#", line)
        old = sums.get(key, [0] * len(numbers))
        if "different" in key:
            sums[key] = [old[0] + numbers[0], max(old[1], numbers[1])]
        else:
            sums[key] = [a + b for a, b in zip(old, numbers)]
    result = ""
    for key, numbers in sums.items():
        parts = key.split("#")
        result += "; " + parts[0] + "".join(f"{number}{part}" for number, part in zip(numbers, parts[1:]))
    return result


def find_wrong(target: Target, runner: pathlib.Path, images: pathlib.Path) -> None:
    """Runs images with one part wrong each: all have to fail, without a crash."""
    wrong = sorted((images / "wrong").glob("*.image"))
    for flags in (["--guarded"], ["--checked"]):
        for image in wrong:
            done = subprocess.run([*target.emulator, str(runner), *flags, str(image)], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 1:
                sys.exit(f"{image.name} has to fail, but the runner ends with {done.returncode}: {done.stderr}")
    print(f"    {target.name}, wrong images: {len(wrong)} found twice", flush=True)


def ways(options: argparse.Namespace, images: list, target: Target) -> list[tuple]:
    """The ways to run: a title, options, images, and options of the emulator."""
    endless = [image for image in images if "endless" in image.name]
    random = [image for image in images if image.name.startswith("random")]
    some = endless + random[:: 25 if options.slice else 10]
    rounds = "5" if options.slice else "40"
    if target.name == "arm64-musl":
        # Instructions are the same with any C library; memory, signals and threads are not.
        images = [image for image in images if image not in random] + random[::10]
    result = [("guarded memories", ["--guarded"], images, []), ("compared addresses", ["--checked"], images, [])]
    result += [("machine code", ["--native", "0"], images, []), ("some machine code", ["--native", "0,3"], images, []),
               ("machine code of what is hot", ["--native", "5"], images, [])]
    for flags in (["--guarded"], ["--checked"], ["--native", "0"]):
        result.append((f"interrupted {' '.join(flags)}", [*flags, "--interrupt", rounds], some, []))
        result.append((f"sampled {' '.join(flags)}", [*flags, "--sample"], endless, []))
    if target.emulator:
        # Each translated piece is one instruction, and signals come between these.
        result.append(("interrupted at single instructions", ["--interrupt", rounds], endless, ["-singlestep"]))
        # As Apple's systems have them.
        for flags in (["--guarded"], ["--native", "0"]):
            result.append((f"pages of 16 KiB {' '.join(flags)}", flags, some, ["-p", "16384"]))
    result.append(("host functions", ["--trampolines"], [], []))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", type=pathlib.Path, help="the folder of tools, in which `arm64` is made")
    parser.add_argument("--swift", default="swift", help="the command of Swift")
    parser.add_argument("--slice", action="store_true", help="fewer images, for CI, with glibc only")
    parser.add_argument("--systems", default="", help="some of glibc, musl and native, with commas between")
    parser.add_argument("--keep-images", action="store_true", help="run the images that are there")
    options = parser.parse_args()
    options.systems = (options.systems or ("glibc" if options.slice else "glibc,musl,native")).split(",")
    folder = options.tools.resolve() / "arm64"
    options.tools = options.tools.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    run([TOOLS / "install-packages.sh", *PACKAGES], "installing packages")
    images = folder / "images"
    if not options.keep_images or not images.exists():
        images = write_images(options, folder)
    files = sorted(images.glob("*.image"))
    is_failed = False
    for target in targets(options, folder):
        runner = build_runner(target, folder)
        say(f"Running {len(files)} images for {target.name}")
        find_wrong(target, runner, images)
        for title, flags, some, emulate in ways(options, files, target):
            try:
                text = run_images(target, runner, some, flags, title, emulate)
                if text.startswith("there is no"):
                    print(f"    {target.name}, {title}: {text}", flush=True)
            except Failure:
                is_failed = True
    if is_failed:
        sys.exit("Some images failed.")


if __name__ == "__main__":
    main()
