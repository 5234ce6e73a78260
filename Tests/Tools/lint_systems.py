#!/usr/bin/env python3
"""Compiles the project, as far as that is possible, for systems that are not at hand: nothing of it is run.

usage: lint_systems.py TOOLS [c|swift|TARGET]…

C: every file of the project, with all warnings, for Linux on arm64 (Glibc, musl) and x86-64 (musl), macOS and iOS on
arm64, by the compiler that SwiftPM uses. The systems' headers are those in PyPI's ziglang, which TOOLS/venv has; those
of libffi are Debian's for each processor. There are no headers for iOS: macOS's are taken, with iOS's macros.

Swift: the modules of the library, their types checked, for Linux on arm64 (Glibc).
The toolchain has the standard library for this machine only, and its interface as text. That text is compiled for the
other systems; so what is checked is our use of the C headers and of what the standard library has on Linux. Apple's own
additions (the real module Darwin) are not there: what stands for it is the one for Glibc, over Apple's headers. The
command, which needs a package and Foundation, and the tests are left out.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_FILES = ["CSupport/**/*.c", "Sources/CHostSystem/*.c", "Tests/_NativeTestSupport/*.c", "Tests/Images/**/*.c",
           "Tests/Tools/*.c", "Benchmarks/harness/*.c"]
C_HEADERS = ["CSupport/**/*.h", "Sources/CHostSystem/include/*.h", "Tests/_NativeTestSupport/include/*.h",
             "Tests/Images/**/*.h"]
C_FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Werror", "-fblocks",
           "-fsyntax-only", "-nostdlibinc"]
ZIG = {
    "glibc-arm64": ["aarch64-linux-gnu", "generic-glibc", "aarch64-linux-any", "any-linux-any"],
    "musl-arm64": ["aarch64-linux-musl", "generic-musl", "aarch64-linux-any", "any-linux-any"],
    "musl-x86_64": ["x86_64-linux-musl", "generic-musl", "x86-linux-any", "any-linux-any"],
    "darwin-arm64": ["any-darwin-any"],
}
# The compilers' names of the targets, and whose headers they get.
C_TARGETS = {"aarch64-linux-gnu": "glibc-arm64", "aarch64-linux-musl": "musl-arm64", "x86_64-linux-musl": "musl-x86_64",
             "arm64-apple-macos15": "darwin-arm64", "arm64-apple-ios18": "darwin-arm64"}
SWIFT_TARGETS = {"aarch64-unknown-linux-gnu": ("glibc-arm64", "Glibc")}
# Files that cannot be compiled for some targets, with the reason. One that can be is not to stand here.
C_OPEN: dict[tuple[str, str], str] = {}
SWIFT_MODULES = ["LibC", "WasmFrontend", "WasmRuntime", "HostSystem", "WASI", "GoWasm", "JSONOutput",
                 "Profiles"]
STANDARD = ["Swift", "SwiftOnoneSupport", "_Concurrency", "_RegexParser", "_StringProcessing", "_Builtin_float",
            "Synchronization", "Glibc"]


def toolchain() -> pathlib.Path:
    swift = shutil.which(os.environ.get("SWIFT", "swift"))
    if not swift:
        sys.exit("there is no swift")
    return pathlib.Path(os.path.realpath(swift)).parent


def run(*command: object) -> None:
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stdout}{result.stderr}")


def libffi(tools: pathlib.Path, processor: str) -> pathlib.Path:
    """A folder with the headers of libffi for a processor; they are the same on all systems."""
    debian = {"arm64": "aarch64-linux-gnu", "x86_64": "x86_64-linux-gnu"}[processor]
    folder = tools / "systems" / f"libffi-{processor}"
    if (folder / "ffi.h").exists():
        return folder
    there = pathlib.Path("/usr/include") / debian
    unpacked = pathlib.Path(tempfile.mkdtemp())
    if not (there / "ffi.h").exists():
        # Installing the package would need those that it depends on; only the headers are wanted.
        name = {"arm64": "arm64", "x86_64": "amd64"}[processor]
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        known = subprocess.run(["dpkg", "--print-foreign-architectures"], capture_output=True, text=True, check=True)
        if name not in known.stdout.split():
            run(*sudo, "dpkg", "--add-architecture", name)
            run(*sudo, "apt-get", "-qq", "update")
        run("bash", "-c", f"cd '{unpacked}' && apt-get -qq download libffi-dev:{name} && dpkg -x ./*.deb .")
        there = unpacked / "usr/include" / debian
    folder.mkdir(parents=True, exist_ok=True)
    for header in ("ffitarget.h", "ffi.h"):
        shutil.copy(there / header, folder)
    shutil.rmtree(unpacked, ignore_errors=True)
    return folder


def system_flags(tools: pathlib.Path, system: str) -> list[str]:
    """Where the headers of a system are, for the C compiler."""
    found = sorted((tools / "venv").glob("lib/python3*/site-packages/ziglang/lib/libc/include"))
    if not found:
        sys.exit("ziglang is not installed: make lint does that")
    flags = [word for name in ZIG[system] for word in ("-isystem", str(found[-1] / name))]
    # The version whose declarations Zig's headers of Glibc have: that of Debian 12.
    return flags + ["-D__GLIBC_MINOR__=36"] if system.startswith("glibc") else flags


def check_c(tools: pathlib.Path, targets: list[str]) -> list[str]:
    compiler = toolchain() / "clang"
    files = sorted(str(path.relative_to(ROOT)) for pattern in C_FILES for path in ROOT.glob(pattern))
    headers = sorted({f"-I{path.parent}" for pattern in C_HEADERS for path in ROOT.glob(pattern)})
    jobs = []
    for target in targets:
        system = C_TARGETS[target]
        flags = [f"--target={target}", *C_FLAGS, *system_flags(tools, system), *headers]
        flags.append(f"-I{libffi(tools, system.split('-')[1])}")
        jobs += [(name, target, [compiler, *flags, ROOT / name]) for name in files]

    def compile_one(job: tuple[str, str, list]) -> str | None:
        name, target, command = job
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = C_OPEN.get((name, target))
        if result.returncode and not reason:
            return f"{target}: {name}\n{result.stderr}"
        if not result.returncode and reason:
            return f"{target}: {name} compiles: take it out of C_OPEN"
        return None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(compile_one, jobs) if fault]
    left = sum(target in targets for _, target in C_OPEN)
    print(f"C: {len(files)} files each for {', '.join(targets)}; {left} of {len(jobs)} left open")
    return faults


def standard_library(folder: pathlib.Path, target: str, library: str) -> None:
    """The interfaces of the standard library's modules, to be compiled for another target."""
    toolchain_library = toolchain().parent / "lib/swift"
    own = subprocess.run([toolchain() / "swiftc", "-print-target-info"], capture_output=True, text=True, check=True)
    here = re.search(r'"moduleTriple": "([^"]+)"', own.stdout)[1]
    # Modules for macOS are found without its version.
    name = re.sub(r"macosx[\d.]*$", "macos", target)
    modules = folder / ("macosx" if "apple" in target else "linux")
    modules.mkdir(parents=True)
    for part in ("shims", "clang", "apinotes"):
        (folder / part).symlink_to(toolchain_library / part)
    for module in STANDARD:
        text = (toolchain_library / "linux" / f"{module}.swiftmodule" / f"{here}.swiftinterface").read_text()
        text = text.replace(f"-target {here}", f"-target {target}", 1)
        # Two bodies call what only x86-64 has; of the numbers of 80 bits nothing is used here.
        text = re.sub(r"self = _stdlib_(remainderl\(self, other\)|squareRootl\(self\))", "fatalError()", text)
        # What Apple's systems of old do without needs a body in the interface, which Linux's does not have.
        text = re.sub(r"^ *@backDeployed\(.*\)\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"\bGlibc\b", library, text)
        place = modules / f"{library if module == 'Glibc' else module}.swiftmodule"
        place.mkdir()
        (place / f"{name}.swiftinterface").write_text(text)
    headers = folder / "libc"
    headers.mkdir()
    shutil.copy(toolchain_library / "linux" / here.split("-")[0] / "SwiftGlibc.h", headers)
    (headers / "module.modulemap").write_text('module SwiftGlibc [system] {\n  header "SwiftGlibc.h"\n  export *\n}\n')


def check_swift(tools: pathlib.Path, target: str, system: str, library: str) -> list[str]:
    version = subprocess.run([toolchain() / "swiftc", "--version"], capture_output=True, text=True, check=True).stdout
    work = tools / "systems" / target
    if not (work / "version").exists() or (work / "version").read_text() != version:
        shutil.rmtree(work, ignore_errors=True)
        standard_library(work / "resources", target, library)
        (work / "version").write_text(version)
    modules = work / "modules"
    shutil.rmtree(modules, ignore_errors=True)
    modules.mkdir()
    options = ["-target", target, "-resource-dir", work / "resources", "-module-cache-path", work / "cache",
               "-disable-objc-interop", "-package-name", "gowasm_fast", "-swift-version", "6", "-I", modules,
               "-I", work / "resources/libc"]
    for feature in ("MemberImportVisibility", "ExistentialAny", "InternalImportsByDefault"):
        options += ["-enable-upcoming-feature", feature]
    for name in ("CSupport/include", "Sources/CHostSystem/include", "Sources/CZlib", "Sources/CFFI"):
        options += ["-I", ROOT / name]
    for flag in ["-nostdlibinc", *system_flags(tools, system), f"-I{libffi(tools, system.split('-')[1])}"]:
        options += ["-Xcc", flag]
    if library != "Darwin":
        # zlib's headers are the same everywhere.
        zlib = work / "zlib"
        zlib.mkdir(exist_ok=True)
        for header in ("zlib.h", "zconf.h"):
            shutil.copy(pathlib.Path("/usr/include") / header, zlib)
        options += ["-Xcc", f"-I{zlib}"]
    # The interface of the C library's module is compiled by an invocation of its own, which gets no flags for C.
    headers = [flag for flag in system_flags(tools, system) if flag.startswith("/")]
    environment = os.environ | {"C_INCLUDE_PATH": ":".join(headers)}
    for module in SWIFT_MODULES:
        sources = sorted((ROOT / "Sources" / module).rglob("*.swift"))
        result = subprocess.run(
            [toolchain() / "swiftc", "-frontend", "-emit-module", *options, "-module-name", module,
             "-o", modules / f"{module}.swiftmodule", *sources],
            capture_output=True, text=True, check=False, env=environment)
        if result.returncode:
            return [f"{target}: module {module}\n{result.stderr}"]
    print(f"Swift: {', '.join(SWIFT_MODULES)} for {target}")
    return []


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tools, parts = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:] or ["c", "swift"]
    targets = [target for target in C_TARGETS if "c" in parts or target in parts]
    faults = check_c(tools, targets) if targets else []
    for target, (system, library) in SWIFT_TARGETS.items():
        if "swift" in parts or target in parts:
            faults += check_swift(tools, target, system, library)
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
