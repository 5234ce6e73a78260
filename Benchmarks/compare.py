#!/usr/bin/env python3
"""Times Go programs on gowasm-fast, on other engines and natively, as whole processes.

Every engine must print what the native program prints; what differs is not timed. The engines take turns, so that a
machine that slows down slows all of them. Reported are medians.

A program is a row of PROGRAMS (and a folder of Programs), an engine a row of ENGINES.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


@dataclasses.dataclass
class Engine:
    name: str
    # Words with {fields}: {native}, {js} and {wasip1} are the program's builds, {size} its argument.
    command: list[str]
    # What prints the version.
    version: list[str]
    # Whether the engine is used without being asked for.
    usual: bool = True


# The first is the one that ratios are relative to.
ENGINES = [
    Engine("gowasm-fast", ["{gowasm}", "{js}", "{size}"], ["{gowasm}", "--version"]),
    # As Go's own wrapper starts it.
    Engine("Node", ["{node}", "--stack-size=8192", "{wasm_exec}", "{js}", "{size}"], ["{node}", "--version"]),
    Engine("native", ["{native}", "{size}"], ["{go}", "version"]),
    Engine("WasmKit", ["{wasmkit}", "run", "{wasip1}", "{size}"], ["{wasmkit}", "--version"], usual=False),
    Engine("wasmtime", ["{python}", "{wasmtime_runner}", "{wasip1}", "{size}"],
           ["{python}", "-c", "import importlib.metadata as m; print(m.version('wasmtime'))"], usual=False),
]
REFERENCE, RIVAL = "gowasm-fast", "Node"

# Name, sizes, whether it runs without being asked for. The smallest size of fib is all start-up.
PROGRAMS = [
    ("fib", ["10", "30", "38"], True),
    ("nbody", ["500000"], False),
    ("spectral", ["500"], False),
    ("sha256", ["16384"], False),
    ("trees", ["14"], False),
    ("sortmap", ["200000"], False),
    ("json", ["5000"], False),
    ("regexp", ["5000"], False),
]
START_UP = ("fib", "10")


@dataclasses.dataclass
class Sample:
    wall: float  # seconds
    cpu: float  # seconds, user and system
    memory: int  # peak of the resident memory in KiB


@dataclasses.dataclass
class Result:
    program: str
    size: str
    engine: str
    samples: list[Sample]

    def median(self, what: str) -> float:
        return statistics.median(getattr(sample, what) for sample in self.samples)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(command: list[str]) -> tuple[Sample, bytes, int]:
    """Runs a command; returns what it took, its standard output and its exit code."""
    with tempfile.TemporaryFile() as output, open(os.devnull) as nothing:
        actions = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), 0), (os.POSIX_SPAWN_DUP2, output.fileno(), 1)]
        start = time.perf_counter()
        process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        _, status, usage = os.wait4(process, 0)
        wall = time.perf_counter() - start
        output.seek(0)
        return (Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss), output.read(),
                os.waitstatus_to_exitcode(status))


def build(go: str, name: str, folder: pathlib.Path) -> dict[str, str]:
    """Compiles a program natively and to wasm."""
    source = HERE / "Programs" / name / "main.go"
    paths = {}
    for kind, system, machine in [("native", "", ""), ("js", "js", "wasm"), ("wasip1", "wasip1", "wasm")]:
        target = folder / f"{name}.{kind}"
        environment = {**os.environ, "GOOS": system, "GOARCH": machine, "GO111MODULE": "off", "CGO_ENABLED": "0",
                       "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOCACHE": str(folder.parent / "go-cache")}
        for variable in [name for name in ("GOOS", "GOARCH") if not environment[name]]:
            del environment[variable]
        subprocess.run([go, "build", "-trimpath", "-o", str(target), str(source)], env=environment, check=True)
        paths[kind] = str(target)
    return paths


def version_of(engine: Engine, fields: dict[str, str]) -> str:
    command = [word.format(**fields) for word in engine.version]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return text.splitlines()[0] if text else "version unknown"


def measure(program: str, size: str, engines: list[Engine], fields: dict[str, str], rounds: int) -> list[Result]:
    commands = {e.name: [word.format(**fields, size=size) for word in e.command] for e in engines}
    native = [fields["native"], size]
    _, expected, _ = run(native)
    results, slowest = [], 0.0
    for engine in engines:
        sample, output, code = run(commands[engine.name])
        if code != 0 or output != expected:
            say(f"    {engine.name}: WRONG OUTPUT (exit code {code}): {output[:100]!r}; it is left out")
            continue
        slowest = max(slowest, sample.wall)
        results.append(Result(program, size, engine.name, []))
    # What takes long varies little.
    rounds = max(3, min(rounds, int(30 / max(slowest, 0.01))))
    for number in range(rounds):
        order = results if number % 2 == 0 else list(reversed(results))
        for result in order:
            result.samples.append(run(commands[result.engine])[0])
    for result in results:
        say(f"    {result.engine}: {format_time(result.median('wall'))} ({rounds} runs)")
    return results


def format_time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        for line in open("/proc/cpuinfo", encoding="utf-8"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def table(results: list[Result], own_memory: int) -> list[str]:
    lines = ["| program | engine | time (median) | fastest to slowest | CPU time | peak memory | time / gowasm-fast |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for result in results:
        reference = next((r for r in results if (r.program, r.size, r.engine) == (result.program, result.size, REFERENCE)), None)
        walls = [sample.wall for sample in result.samples]
        memory = result.median("memory")
        # A child counts the memory of the process that started it too.
        memory_text = f"{memory / 1024:.1f} MiB" if memory > own_memory else f"< {own_memory / 1024:.0f} MiB"
        ratio = f"{result.median('wall') / reference.median('wall'):.2f}" if reference else ""
        lines.append(f"| {result.program} {result.size} | {result.engine} | {format_time(result.median('wall'))} | "
                     f"{format_time(min(walls))} to {format_time(max(walls))} | {format_time(result.median('cpu'))} | "
                     f"{memory_text} | {ratio} |")
    return lines


def without_start_up(results: list[Result]) -> list[str]:
    """Compares what remains of each time when the time of the start-up program is taken off."""
    start = {r.engine: r.median("wall") for r in results if (r.program, r.size) == START_UP}
    lines = []
    for result in results:
        rival = next((r for r in results if (r.program, r.size, r.engine) == (result.program, result.size, RIVAL)), None)
        if result.engine != REFERENCE or rival is None or not {REFERENCE, RIVAL} <= start.keys():
            continue
        mine, other = result.median("wall") - start[REFERENCE], rival.median("wall") - start[RIVAL]
        if (result.program, result.size) != START_UP and other > 0.05:
            lines.append(f"| {result.program} {result.size} | {format_time(mine)} | {format_time(other)} | {mine / other:.2f} |")
    if not lines:
        return []
    return ["", f"Without start-up (each engine's time of {' '.join(START_UP)} taken off):", "",
            f"| program | {REFERENCE} | {RIVAL} | {REFERENCE} / {RIVAL} |", "| --- | ---: | ---: | ---: |", *lines]


def chart(results: list[Result], path: pathlib.Path) -> None:
    try:
        import matplotlib
    except ImportError:
        say("matplotlib is not there: no chart")
        return
    matplotlib.use("svg")
    from matplotlib import pyplot

    # The same bytes for the same figures, and text that stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "gowasm-fast", "svg.fonttype": "none", "font.size": 9})
    cases = list(dict.fromkeys((r.program, r.size) for r in results))
    engines = list(dict.fromkeys(r.engine for r in results))
    figure, axes = pyplot.subplots(figsize=(7.5, 0.6 + 0.24 * len(cases) * (len(engines) + 1)))
    positions, labels = [], []
    for index, engine in enumerate(engines):
        rows = [(c, next((r for r in results if (r.program, r.size, r.engine) == (*case, engine)), None))
                for c, case in enumerate(cases)]
        rows = [(c, r) for c, r in rows if r]
        places = [c * (len(engines) + 1) + index for c, _ in rows]
        times = [r.median("wall") * 1000 for _, r in rows]
        axes.barh(places, times, label=engine, height=0.9)
        for place, value in zip(places, times):
            axes.text(value * 1.05, place, format_time(value / 1000), va="center", fontsize=7)
    for c, case in enumerate(cases):
        positions.append(c * (len(engines) + 1) + (len(engines) - 1) / 2)
        labels.append(" ".join(case))
    axes.set_xscale("log")
    axes.set_yticks(positions, labels)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("whole process, milliseconds (logarithmic; shorter is faster)")
    axes.legend(fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gowasm", default=str(ROOT / ".build/release/gowasm-fast"), help="the program under test")
    parser.add_argument("--go", required=True, help="the go command")
    parser.add_argument("--node", default=shutil.which("node"), help="the node command")
    parser.add_argument("--folder", default=str(ROOT / ".build-tools/benchmarks"), help="where builds go")
    parser.add_argument("--output", help="where results.md, results.json and results.svg go; without, only the table is printed")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command at most")
    parser.add_argument("--engines", help="names, separated by commas")
    parser.add_argument("--programs", help="names, or names with sizes such as fib:38, separated by commas; or all")
    options = parser.parse_args()

    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    goroot = pathlib.Path(subprocess.run([options.go, "env", "GOROOT"], capture_output=True, text=True, check=True,
                                         env={**os.environ, "GOTOOLCHAIN": "local"}).stdout.strip())
    fields = {"gowasm": options.gowasm, "go": options.go, "node": options.node or "", "python": sys.executable,
              "wasm_exec": str(goroot / "lib/wasm/wasm_exec_node.js"),
              "wasmkit": shutil.which("wasmkit") or str(pathlib.Path(shutil.which("swift") or "/").resolve().parent / "wasmkit"),
              "wasmtime_runner": str(HERE / "run_wasmtime.py")}
    chosen = options.engines.split(",") if options.engines else [e.name for e in ENGINES if e.usual]
    unknown = set(chosen) - {e.name for e in ENGINES}
    if unknown:
        parser.error(f"no such engine: {', '.join(sorted(unknown))}; there are {', '.join(e.name for e in ENGINES)}")
    engines = []
    for engine in [e for e in ENGINES if e.name in chosen]:
        command = engine.command[0].format_map({**fields, "native": "/", "js": "/", "wasip1": "/", "size": ""})
        if engine.name != "native" and not os.access(command, os.X_OK):
            say(f"{engine.name} is not there ({command or 'no command'}): it is left out")
            continue
        engines.append(engine)
    if options.programs in (None, "all"):
        cases = [(name, size) for name, sizes, usual in PROGRAMS for size in sizes if usual or options.programs]
    else:
        cases = []
        for word in options.programs.split(","):
            name, _, size = word.partition(":")
            sizes = next((sizes for known, sizes, _ in PROGRAMS if known == name), None)
            if sizes is None:
                parser.error(f"no such program: {name}; there are {', '.join(p[0] for p in PROGRAMS)}")
            cases += [(name, s) for s in ([size] if size else sizes)]

    results, builds = [], {}
    for number, (program, size) in enumerate(cases, 1):
        if program not in builds:
            say(f"==> Building {program}")
            builds[program] = build(options.go, program, folder)
        say(f"==> [{number}/{len(cases)}] {program} {size}")
        results += measure(program, size, engines, {**fields, **builds[program]}, options.rounds)
    own_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    lines = [f"{datetime.date.today()}, {machine()}", ""]
    lines += [f"* {engine.name}: {version_of(engine, fields)}" for engine in engines]
    lines += ["", *table(results, own_memory), *without_start_up(results)]
    print("\n".join(lines))
    if options.output:
        output = pathlib.Path(options.output)
        output.mkdir(parents=True, exist_ok=True)
        (output / "results.md").write_text("\n".join(["# Benchmark results", "", "Made by `make bench`.", "", *lines, ""]), encoding="utf-8")
        rows = [{"program": r.program, "size": r.size, "engine": r.engine, "samples": [dataclasses.asdict(s) for s in r.samples]} for r in results]
        (output / "results.json").write_text(json.dumps(rows), encoding="utf-8")
        chart(results, output / "results.svg")
    if not any(r.engine == REFERENCE for r in results):
        sys.exit(f"{REFERENCE} ran nothing rightly.")


if __name__ == "__main__":
    main()
