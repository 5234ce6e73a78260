"""The programs that are timed, with their sizes, and how they are built."""

import dataclasses
import hashlib
import os
import pathlib
import subprocess
from collections.abc import Callable

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent / "Programs"


@dataclasses.dataclass(frozen=True)
class Case:
    """A program with its arguments."""

    program: str
    # A word is an argument; {fields} are filled in.
    size: str
    # Whether it is timed without being asked for.
    quick: bool = False
    # Whether it counts in the geometric means: once for each program.
    counts: bool = True
    # Whether it takes other interpreters minutes, which therefore do not run it.
    heavy: bool = False
    # Whether the program opens files anywhere, which gowasm-fast has to be told to allow.
    files: bool = False
    # Whether it leaves a file at {out}, which must be the same for every engine.
    leaves_file: bool = False
    # Whether it uses JavaScript, so that nothing but js builds of it exists: Node says what is right.
    js_only: bool = False
    # How it is called in tables, where that is not its size.
    title: str = ""

    def builds(self, kind: str) -> bool:
        """Whether the program can be compiled to "native", "purego", "js" or "wasip1"."""
        return kind == "js" if self.js_only else self.program != "compile" or kind in ("native", "js")

    @property
    def uses_folder(self) -> bool:
        """Whether it works in {folder}, an empty folder, and opens no files anywhere else."""
        return "{folder}" in self.size

    @property
    def name(self) -> str:
        return f"{self.program} {self.title or self.size}"


# The smallest size of fib is all start-up.
START_UP = Case("fib", "10", quick=True, counts=False)
# Each takes gowasm-fast's interpreter between 0.2 and 1 second.
CASES = [
    START_UP,
    Case("fib", "30", quick=True, counts=False),
    Case("fib", "35", quick=False),
    Case("fib", "40", quick=True, counts=False, heavy=True),
    Case("nbody", "500000"),
    Case("spectral", "500"),
    Case("matrix", "200"),
    Case("sha256", "8192"),
    Case("aes", "4096"),
    Case("trees", "13"),
    Case("sort", "60000"),
    Case("sort", "1000000", counts=False, heavy=True),
    Case("map", "150000"),
    Case("map", "1000000", counts=False, heavy=True),
    Case("json", "2000"),
    Case("regexp", "1500"),
    Case("ring", "1000"),
    Case("pingpong", "50000"),
    Case("fmt", "40000"),
    Case("println", "5000"),
    Case("pi", "4000"),
    Case("strings", "40000"),
    Case("gofmt", "150"),
    Case("vectors", "simd 6000"),
    Case("vectors", "scalar 6000", counts=False),
    # Shapes that many real programs have: an interpreter, compressors, an emulator, a tool that goes through files.
    Case("bytecode", "10"),
    Case("flate", "500"),
    Case("cpu8", "40"),
    Case("files", "300 {folder}", title="300"),
    # The host's work, which Node does in JavaScript.
    Case("writes", "40000", counts=False, files=True),
    Case("jscalls", "1000000", counts=False, js_only=True),
    Case("callbacks", "100000", counts=False, js_only=True),
    Case("compile", "-V=full", counts=False, files=True, title="-V=full"),
    Case("compile", "-p strconv -std -complete -importcfg {importcfg} -o {out} {sources}", counts=False, files=True,
         leaves_file=True, title="strconv"),
]

# Build tags. With `purego`, packages leave out what they have in assembly, as they do in WebAssembly.
TAGS = {"purego": ["-tags", "purego"]}
# What of Go a program needs that is not there without being asked for.
EXPERIMENTS = {"vectors": "simd"}


class Toolchain:
    """The go command, and the folder that builds go to."""

    def __init__(self, go: str, folder: pathlib.Path) -> None:
        self.go = go
        self.folder = folder
        self.built: dict[tuple[str, str], str] = {}
        self.goroot = self._query("env", "GOROOT")
        self.host = {"GOOS": self._query("env", "GOHOSTOS"), "GOARCH": self._query("env", "GOHOSTARCH")}

    @property
    def node_script(self) -> str:
        """Go's own script that runs a js build on Node; it lay elsewhere before Go 1.24."""
        folders = [pathlib.Path(self.goroot) / name for name in ("lib/wasm", "misc/wasm")]
        return str(next((folder for folder in folders if folder.exists()), folders[0]) / "wasm_exec_node.js")

    def _environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GO")}
        return {**kept, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "",
                "GOCACHE": str(self.folder.parent / "go-cache"), "GOPATH": str(self.folder.parent / "go-path"), **more}

    def _query(self, *words: str, **environment: str) -> str:
        return subprocess.run([self.go, *words], env=self._environment(**environment), check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def build(self, program: str, kind: str) -> str:
        """Compiles a program for "native", "purego" (native without assembly), "js" or "wasip1" and returns the path.

        The file has the program's name, as some programs print theirs.
        """
        key = (program, kind)
        if key not in self.built:
            target = self.folder / kind / program
            systems = self.host if kind in ("native", "purego") else {"GOOS": kind, "GOARCH": "wasm"}
            if program == "compile":
                if kind == "native":
                    self.built[key] = self._query("tool", "-n", "compile")
                    return self.built[key]
                subprocess.run([self.go, "build", "-trimpath", "-ldflags=-buildid=", "-o", str(target), "cmd/compile"],
                               env=self._environment(**systems), check=True)
            else:
                experiments = {"GOEXPERIMENT": EXPERIMENTS[program]} if program in EXPERIMENTS else {}
                subprocess.run([self.go, "build", "-trimpath", *TAGS.get(kind, []), "-o", str(target),
                                str(PROGRAMS / program / "main.go")],
                               env=self._environment(GO111MODULE="off", **systems, **experiments), check=True)
            self.built[key] = str(target)
        return self.built[key]

    def fields(self, case: Case) -> dict[str, str]:
        """What the case's arguments name."""
        if "{importcfg}" not in case.size:
            return {}
        config = self.folder / "importcfg"
        config.write_text(self._query(
            "list", "-deps", "-export", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", "strconv",
            **self.host) + "\n", encoding="utf-8")
        sources = self._query("list", "-f", '{{range .GoFiles}}{{$.Dir}}/{{.}} {{end}}', "strconv", **self.host)
        return {"importcfg": str(config), "sources": sources}


def digest(path: pathlib.Path) -> bytes:
    """The contents of a file that a program left, short."""
    return hashlib.sha256(path.read_bytes()).digest() if path.exists() else b"no file"
