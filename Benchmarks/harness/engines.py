"""The engines that are compared, and how they are called."""

import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import subprocess

HOSTS = pathlib.Path(__file__).resolve().parent.parent / "hosts"
REFERENCE, RIVAL = "gowasm-fast", "Node"
# What compares with code that has no assembly in it either.
NATIVE = "native Go -tags purego"
# The reference as the engines run it that have no JavaScript.
REFERENCE_WASI = f"{REFERENCE} wasip1"
# Both as they run what they have not run before.
UNKEPT, UNKEPT_WASI = f"{REFERENCE} (nothing kept)", f"{REFERENCE_WASI} (nothing kept)"
# The reference without machine code.
NO_NATIVE = "--no-native"
INTERPRETED = f"{REFERENCE} {NO_NATIVE}"


@dataclasses.dataclass(frozen=True)
class Engine:
    name: str
    # "interpreter", "compiler" or "native".
    kind: str
    # The command. {native}, {purego}, {js} and {wasip1} (or {wasm}) are the program's builds, {args} its arguments,
    # {options} is what gowasm-fast needs for programs that open files. {granting} is `--dir` with the folder that a
    # program works in, for those that do so; that folder alone is {folder}.
    command: str
    # What prints the version.
    version: str
    # Whether the engine is used without being asked for.
    usual: bool = False
    # Further variables of its environment, as NAME=VALUE.
    variables: tuple[str, ...] = ()
    # An option that gowasm-fast must have; where its help has no such option, there is no such engine.
    option: str = ""

    @property
    def build(self) -> str:
        """Which build of a program it runs."""
        return next((kind for kind in ("js", "native", "purego") if f"{{{kind}}}" in self.command), "wasip1")

    def words(self, fields: dict[str, str], arguments: list[str]) -> list[str]:
        """The command for one run."""
        words: list[str] = []
        for word in shlex.split(self.command):
            if word == "{args}":
                words += arguments
            elif word in ("{options}", "{granting}"):
                words += fields[word.strip("{}")].split()
            else:
                words.append(word.format(**fields))
        return words

    def missing(self, fields: dict[str, str]) -> str | None:
        """Why the engine cannot be used, if it cannot."""
        if self.kind == "native":
            return None
        if self.option and not has_option(fields["gowasm"], self.option):
            return f"{fields['gowasm']} has no option {self.option}"
        if not self.version:
            command = shlex.split(self.command)[0].format(**fields)
            return None if shutil.which(command) else f"there is no {command}"
        text = self.version_text(fields)
        return None if text else f"`{self.version.format(**fields)}` does not work"

    def version_text(self, fields: dict[str, str]) -> str:
        """The first line that the version command prints; nothing where it fails."""
        try:
            done = subprocess.run(shlex.split(self.version.format(**fields)), capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return ""
        return (done.stdout.strip().splitlines() or [""])[0]


def has_option(gowasm: str, option: str) -> bool:
    """Whether the help of gowasm-fast names an option."""
    try:
        text = subprocess.run([gowasm, "--help"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return option in re.findall(r"--[a-z-]+", text)


# The first is the one that ratios are relative to. Node is started as Go's own wrapper starts it. Node has an option
# --wasm-jitless, but V8's interpreter is not compiled into the Node of PyPI, which runs as fast with it as without.
ENGINES = [
    Engine(REFERENCE, "interpreter", "{gowasm} {options} {js} {args}", "{gowasm} --version", usual=True),
    Engine(REFERENCE_WASI, "interpreter", "{gowasm} {options} {wasip1} {args}", "{gowasm} --version", usual=True),
    Engine(UNKEPT, "interpreter", "{gowasm} {options} {js} {args}", "{gowasm} --version", usual=True,
           variables=("GOWASM_CACHE=off",)),
    Engine(UNKEPT_WASI, "interpreter", "{gowasm} {options} {wasip1} {args}", "{gowasm} --version", usual=True,
           variables=("GOWASM_CACHE=off",)),
    Engine(INTERPRETED, "interpreter", f"{{gowasm}} {NO_NATIVE} {{options}} {{js}} {{args}}", "{gowasm} --version",
           usual=True, option=NO_NATIVE),
    Engine(RIVAL, "compiler", "{node} --stack-size=8192 {wasm_exec} {js} {args}", "{node} --version", usual=True),
    Engine("Node --liftoff-only", "compiler", "{node} --stack-size=8192 --liftoff-only {wasm_exec} {js} {args}",
           "{node} --version"),
    Engine("wasmtime", "compiler", "{python} {wasmtime_host} cranelift {granting} {wasip1} {args}",
           "{python} {wasmtime_host} --version"),
    Engine("wasmtime Winch", "compiler", "{python} {wasmtime_host} winch {granting} {wasip1} {args}",
           "{python} {wasmtime_host} --version"),
    Engine("wasmtime Pulley", "interpreter", "{python} {wasmtime_host} pulley {granting} {wasip1} {args}",
           "{python} {wasmtime_host} --version"),
    Engine("wasm3", "interpreter", "{python} {wasm3_host} {wasip1} {args}", "{python} {wasm3_host} --version"),
    Engine("WasmKit", "interpreter", "{wasmkit} run {granting} {wasip1} {args}", "{wasmkit} --version"),
    Engine("native Go", "native", "{native} {args}", "{go} version", usual=True),
    Engine(NATIVE, "native", "{purego} {args}", "{go} version", usual=True),
]


def as_built(engines: list[Engine], gowasm: str) -> list[Engine]:
    """The engines, with what gowasm-fast is: one that can do without machine code has some."""
    if not has_option(gowasm, NO_NATIVE):
        return engines
    return [dataclasses.replace(engine, kind="compiler")
            if engine.name in (REFERENCE, REFERENCE_WASI, UNKEPT, UNKEPT_WASI) else engine for engine in engines]


def custom(text: str) -> Engine:
    """An engine given as NAME='COMMAND', taken to be an interpreter."""
    name, equals, command = text.partition("=")
    if not equals or not name or not command:
        raise ValueError(f"{text!r} is not NAME=COMMAND")
    for placeholder in ("{wasm}", "{wasip1}", "{js}"):
        if placeholder in command:
            break
    else:
        raise ValueError(f"the command of {name} names no {{wasm}}, {{wasip1}} or {{js}}")
    if "{args}" not in command:
        command += " {args}"
    return Engine(name, "interpreter", command, "")


def beside_swift(name: str) -> str:
    """A program that stands in the path or beside the Swift compiler."""
    swift = shutil.which("swift")
    beside = pathlib.Path(swift).resolve().parent / name if swift else pathlib.Path(name)
    return shutil.which(name) or (str(beside) if os.access(beside, os.X_OK) else name)
