#!/usr/bin/env python3
"""Runs the tests of Go's standard library on gowasm-fast, and compares the results with Node's.

Each package's tests are compiled by `go test -c` and run in the package's folder with -test.short -test.v, by
gowasm-fast under the name of Go's own wrapper (go_js_wasm_exec) and, where --node is given, by Node with Go's script
on the same binary.

A package fails that fails here and not there, or of whose tests fewer pass here. Tests that cannot work are named in
EXCEPTIONS, with the reason.

With --times FILE the packages that take a Go developer's time (TIMED, or --packages) are run one at a time, both engines
in turns, and a table of the medians is written to the file, as Markdown.
"""

import argparse
import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclasses.dataclass
class System:
    """A GOOS: how its test binaries are run."""

    # The name under which gowasm-fast behaves like Go's wrapper for this system.
    wrapper: str
    # What runs a binary for comparison, and its command, before the binary's name. Node's WASI deviates from what Go
    # expects in too many ways.
    peer: str
    node: list[str]
    # The variables that Go's own wrapper passes, where that is not the whole environment.
    variables: tuple[str, ...] = ()


SYSTEMS = {
    "js": System("go_js_wasm_exec", "Node", ["{node}", "--stack-size=8192", "{goroot}/{wasm}/wasm_exec_node.js"]),
    "wasip1": System("go_wasip1_wasm_exec", "wasmtime", ["{python}", "{tools}/run_wasmtime.py"], ("PATH", "PWD")),
}

# What `make test` runs, by system: the packages that say most about the host, a few minutes in all.
SUBSET = {
    "js": """
        errors unicode/utf8 sort strings bufio io io/fs path/filepath fmt strconv sync sync/atomic syscall syscall/js os
        time context reflect encoding/json log testing testing/fstest text/template archive/zip net net/url
        net/http/httptest net/http/cookiejar flag runtime/debug internal/runtime/maps crypto/rand hash/crc32
        simd simd/archsimd/internal/simd_test
        """.split(),
    "wasip1": "os os/exec os/user syscall time net io/fs path/filepath internal/poll testing/fstest crypto/rand".split(),
}

# What --times times: packages that compute for long, of many kinds.
TIMED = "math/big strconv regexp compress/flate encoding/json go/parser sort crypto/sha256".split()

# Tests that cannot pass here, by system, package and name, with the reason. Both are printed.
EXCEPTIONS: dict[tuple[str, str, str], str] = {
    ("wasip1", "os", name + part): "it looks for files of the source tree that the Go of PyPI comes without"
    for name in ("TestFileReadDir", "TestFileReaddir", "TestFileReaddirnames") for part in ("", "/sysdir")
}

# Tests that count what the runtime does, which -test.v disturbs: they are run by themselves, without it.
UNDISTURBED = {"runtime": ["TestReadMetricsFinalizers"]}

# What of Go a package needs that is not there without being asked for.
EXPERIMENTS = {"simd": "simd", "simd/archsimd/internal/simd_test": "simd"}

# Files added to a package's tests. syscall/js makes its test values by eval, of which there is none here.
ADDED_FILES = {("js", "syscall/js"): ("a_eval_test.go", HERE / "std_eval.go")}
EVAL_NOTE = "with the four sources that it gives to eval evaluated by Go code (Tests/Tools/std_eval.go)"

OUTCOME = re.compile(rb"^\s*--- (PASS|FAIL|SKIP): (\S+)", re.MULTILINE)


@dataclasses.dataclass
class Run:
    """What one engine made of one package."""

    status: str  # "pass", "fail", "timeout" or "died"
    seconds: float  # user and system
    wall: float
    passed: set[str]
    skipped: set[str]
    failed: list[str]
    tail: str = ""


@dataclasses.dataclass
class Row:
    package: str
    # Whether some of the tests were chosen, so that there may be none.
    is_part: bool
    here: Run | None = None
    node: Run | None = None
    note: str = ""

    def problem(self, system: str) -> str:
        """Why the package counts as failed; empty where it does not."""
        if self.here is None:
            return self.note
        excused = {name for s, package, name in EXCEPTIONS if (s, package) == (system, self.package)}
        node_failed = set(self.node.failed) if self.node else set()
        failed = [name for name in self.here.failed if name not in excused and name not in node_failed]
        if failed:
            return "failing: " + " ".join(failed)
        if self.here.status in ("timeout", "died") and (self.node is None or self.node.status == "pass"):
            return self.here.status
        if self.here.status == "fail" and not self.here.failed and (self.node is None or self.node.status == "pass"):
            return "failed without naming a test"
        # Some packages have no test for these systems; then there is none on the other engine either.
        if self.node is None and not self.here.passed | self.here.skipped and not self.is_part:
            return "no test ran"
        if self.node:
            missing = sorted(self.node.passed - self.here.passed - excused)
            # Names may hold what differs by run (addresses, times, parameters); so the numbers have to differ as well.
            if missing and len(self.here.passed) < len(self.node.passed):
                return f"passing only there: {' '.join(missing[:20])}"
        return ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def go_environment(options: argparse.Namespace) -> dict[str, str]:
    return {**os.environ, "GOOS": options.os, "GOARCH": "wasm", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "",
            "GOENV": "off", "GOWORK": "off", "GOCACHE": str(options.folder / "go-cache"),
            "GOPATH": str(options.folder / "go-path")}


def build(options: argparse.Namespace, package: str) -> tuple[pathlib.Path | None, str]:
    """Compiles a package's tests; returns the binary, or none and why."""
    target = options.binaries / (package.replace("/", "_") + ".test.wasm")
    if target.exists():
        return target, ""
    command = [options.go, "test", "-c", "-vet=off", "-ldflags=-w", "-o", str(target)]
    if (options.os, package) in ADDED_FILES:
        name, source = ADDED_FILES[options.os, package]
        overlay = options.binaries / "overlay.json"
        overlay.write_text(json.dumps({"Replace": {str(options.goroot / "src" / package / name): str(source)}}))
        command.append(f"-overlay={overlay}")
    environment = go_environment(options)
    if package in EXPERIMENTS:
        environment["GOEXPERIMENT"] = EXPERIMENTS[package]
    done = subprocess.run([*command, package], env=environment, capture_output=True, text=True, check=False,
                          cwd=options.goroot / "src")
    if done.returncode != 0:
        return None, "cannot be built: " + (done.stderr.strip().splitlines() or ["?"])[-1]
    if not target.exists():
        return None, "no test files"
    return target, ""


def execute(options: argparse.Namespace, command: list[str], package: str) -> Run:
    """Runs a command in the package's folder."""
    folder = options.goroot / "src" / package
    passed, skipped, failed = set(), set(), []
    with tempfile.TemporaryDirectory(prefix="std-") as temporary, tempfile.TemporaryFile() as output:
        environment = {"PATH": f"{pathlib.Path(options.go).parent}:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"),
                       "GOROOT": str(options.goroot), "PWD": str(folder), "TMPDIR": temporary, "GOTOOLCHAIN": "local",
                       "LANG": "C.UTF-8"}
        if (variables := SYSTEMS[options.os].variables) and command[0] == str(options.wrapper):
            environment = {name: environment[name] for name in variables}
        # GOWASM_NATIVE=0 compiles everything.
        if native := os.environ.get("GOWASM_NATIVE"):
            environment["GOWASM_NATIVE"] = native
        # gowasm-fast and Node go by their names: Go's net/http stays within the process where argv[0] begins with "node".
        # Python finds its packages by the path that it is called by.
        name = command[0] if command[0] == sys.executable else pathlib.Path(command[0]).name
        process = subprocess.Popen([name, *command[1:]], executable=command[0], cwd=folder,
                                   env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        start = time.monotonic()
        timer = threading.Timer(options.timeout + 30, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    for outcome, name in OUTCOME.findall(text):
        name = name.decode(errors="replace")
        if outcome == b"FAIL":
            failed.append(name)
        else:
            (passed if outcome == b"PASS" else skipped).add(name)
    if b"panic: test timed out after" in text or process.returncode == -signal.SIGKILL:
        state = "timeout"
    elif process.returncode == 0:
        state = "pass"
    else:
        state = "fail" if failed else "died"
    tail = b"" if state == "pass" else text[-20000:]
    return Run(state, usage.ru_utime + usage.ru_stime, wall, passed, skipped, failed, tail.decode(errors="replace"))


def run_tests(options: argparse.Namespace, command: list[str], package: str) -> Run:
    flags = ["-test.short", "-test.v", f"-test.timeout={options.timeout}s", *options.flags]
    alone = UNDISTURBED.get(package, [])
    if alone:
        flags.append(f"-test.skip=^({'|'.join(alone)})$")
    run = execute(options, [*command, *flags], package)
    for name in alone:
        single = execute(options, [*command, "-test.short", f"-test.run=^{name}$"], package)
        if single.status == "pass":
            run.passed.add(name)
        else:
            run.status, run.failed, run.tail = "fail", [*run.failed, name], run.tail + single.tail
    return run


def test_package(options: argparse.Namespace, package: str) -> Row:
    row = Row(package, is_part=bool(options.flags))
    binary, row.note = build(options, package)
    if binary is None:
        return row
    try:
        row.here = run_tests(options, [str(options.wrapper), str(binary)], package)
        if options.node_command:
            row.node = run_tests(options, [*options.node_command, str(binary)], package)
    finally:
        if not options.keep:
            binary.unlink()
    if (options.os, package) in ADDED_FILES:
        row.note = EVAL_NOTE
    return row


def time_packages(options: argparse.Namespace, packages: list[str]) -> list[Row]:
    """Runs each package's tests several times on both engines, which take turns, and keeps the medians.

    A first run of each is not counted, as it finds none of its files in memory.
    """
    rows = []
    for number, package in enumerate(packages, 1):
        say(f"==> [{number}/{len(packages)}] {package}")
        row = Row(package, is_part=bool(options.flags))
        rows.append(row)
        binary, row.note = build(options, package)
        if binary is None:
            continue
        try:
            commands = [[str(options.wrapper), str(binary)], [*options.node_command, str(binary)]]
            runs: list[list[Run]] = [[], []]
            for turn in range(options.rounds + 1):
                for engine in ((0, 1), (1, 0))[turn % 2]:
                    runs[engine].append(run_tests(options, commands[engine], package))
        finally:
            if not options.keep:
                binary.unlink()
        row.here, row.node = [
            dataclasses.replace(
                # What does not always pass has not passed.
                next((run for run in of_engine if run.status != "pass"), of_engine[0]),
                seconds=statistics.median(run.seconds for run in of_engine[1:]),
                wall=statistics.median(run.wall for run in of_engine[1:]))
            for of_engine in runs]
    return rows


def times_page(options: argparse.Namespace, rows: list[Row]) -> str:
    """The table of times as Markdown."""
    peer = SYSTEMS[options.os].peer
    lines = ["# Times of the tests of Go's standard library", "",
             f"{datetime.date.today()}, {options.version} for {options.os}: `go test -short` of each package, compiled "
             f"before, here and on {peer}. Medians of {options.rounds} runs, in seconds; CPU is user and system time.", "",
             f"| package | tests | here | {peer} | {peer} / here | here, CPU | {peer}, CPU | {peer} / here |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    timed = [row for row in rows if row.here and row.node and row.here.status == row.node.status == "pass"]
    for row in timed:
        here, node = row.here, row.node
        lines.append(f"| {row.package} | {len(here.passed)} | {here.wall:.2f} | {node.wall:.2f} | {node.wall / here.wall:.2f} "
                     f"| {here.seconds:.2f} | {node.seconds:.2f} | {node.seconds / here.seconds:.2f} |")
    if timed:
        here, node = [sum(run.wall for run in runs) for runs in zip(*((row.here, row.node) for row in timed))]
        cpu, node_cpu = [sum(run.seconds for run in runs) for runs in zip(*((row.here, row.node) for row in timed))]
        lines.append(f"| in all | {sum(len(row.here.passed) for row in timed)} | {here:.2f} | {node:.2f} "
                     f"| {node / here:.2f} | {cpu:.2f} | {node_cpu:.2f} | {node_cpu / cpu:.2f} |")
    for row in rows:
        if row not in timed:
            lines.append(f"\n{row.package} is left out: "
                         + (row.note or f"{row.here.status} here, {row.node.status} on {peer}") + ".")
    return "\n".join(lines) + "\n"


def packages_of(options: argparse.Namespace) -> list[str]:
    """The packages of the standard library that have tests."""
    template = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
    done = subprocess.run([options.go, "list", "-e", "-f", template, "std"], env=go_environment(options), text=True,
                          capture_output=True, check=True, cwd=options.goroot / "src")
    packages = [line for line in done.stdout.split() if not line.startswith("vendor/")]
    return packages + [package for package in EXPERIMENTS if (options.goroot / "src" / package).exists()]


def table_line(row: Row, system: str) -> str:
    if row.here is None:
        return f"{row.package:45} {'-':8} {row.note}"
    node = f"{row.node.seconds:9.2f} {row.node.status:5}" if row.node else f"{'-':>9} {'':5}"
    line = (f"{row.package:45} {row.here.status:8} {row.here.seconds:9.2f} {node} {len(row.here.passed):6} "
            f"{len(row.here.skipped):5}")
    problem = row.problem(system)
    return line + (f"  {problem}" if problem else "")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gowasm", default=str(ROOT / ".build/release/gowasm-fast"), help="the program under test")
    parser.add_argument("--go", required=True, help="the go command whose library is tested, or a version of it that "
                        "lies in the folder of the tools")
    parser.add_argument("--os", default="js", choices=SYSTEMS, help="the GOOS")
    parser.add_argument("--node", help="the node command; runs each binary on Node too, or with --os "
                        "wasip1 on wasmtime, a package of PyPI for this Python")
    parser.add_argument("--packages", help="names, separated by commas; without, all that have tests")
    parser.add_argument("--subset", action="store_true", help="only the packages that make test runs")
    parser.add_argument("--flags", default=[], type=str.split, help="further flags of the test binaries, such as -test.run=X")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds for each package")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="packages at a time")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build-tools", help="where tools and builds lie")
    parser.add_argument("--keep", action="store_true", help="keep the binaries (2 GB for all) for the next run")
    parser.add_argument("--times", type=pathlib.Path, metavar="FILE", help="time the packages here and on the other "
                        "engine (TIMED, where --packages names none), and write a table to this file")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each package that --times counts")
    parser.add_argument("--output", type=pathlib.Path, help="where the table goes as well, and the outputs of what failed")
    options = parser.parse_args()

    if options.times and not options.node:
        parser.error("--times needs --node")
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    options.folder = options.folder.resolve()
    options.is_newest = options.go == "newest"
    if not shutil.which(options.go):
        options.go = str(options.folder / "go" / options.go / "go/bin/go")
        if not os.access(options.go, os.X_OK):
            parser.error(f"there is no go command {options.go}; `make test-tools` installs several versions")
    if not os.access(options.gowasm, os.X_OK):
        parser.error(f"there is no {options.gowasm}; `make build` builds it")
    variables = subprocess.run([options.go, "env", "GOROOT", "GOVERSION"], capture_output=True, text=True, check=True,
                               env={**os.environ, "GOTOOLCHAIN": "local"}).stdout.split()
    options.goroot, options.version = pathlib.Path(variables[0]), variables[1]
    options.binaries = options.folder / "std" / f"{options.version}-{options.os}"
    options.binaries.mkdir(parents=True, exist_ok=True)
    system = SYSTEMS[options.os]
    options.wrapper = options.binaries / system.wrapper
    options.wrapper.unlink(missing_ok=True)
    options.wrapper.symlink_to(pathlib.Path(options.gowasm).resolve())
    fields = {"node": options.node, "goroot": options.goroot, "python": sys.executable, "tools": HERE,
              "wasm": "lib/wasm" if (options.goroot / "lib/wasm").exists() else "misc/wasm"}
    options.node_command = [word.format(**fields) for word in system.node] if options.node else []
    return options


def main() -> None:
    options = parse()
    # What Go programs may open is limited by Node's defaults, not by those of a shell.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 65536)), hard))
    known = packages_of(options)
    chosen = options.packages.split(",") if options.packages else TIMED if options.times else known
    if options.subset:
        # The library of an older Go has fewer packages; the newest, whose name is that of its folder, has all.
        chosen = [package for package in SUBSET[options.os] if package in known or options.is_newest]
    if unknown := set(chosen) - set(known):
        sys.exit(f"{options.version}'s standard library has no tests in: {' '.join(sorted(unknown))}")

    if not chosen:
        sys.exit("there is no package to test")

    if options.times:
        timed = time_packages(options, chosen)
        page = times_page(options, timed)
        print(page, end="")
        options.times.parent.mkdir(parents=True, exist_ok=True)
        options.times.write_text(page, encoding="utf-8")
        sys.exit(1 if any(row.problem(options.os) for row in timed) else 0)

    say(f"==> {len(chosen)} packages of {options.version} for {options.os}, {options.jobs} at a time")
    rows: list[Row] = []
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
    print(f"{'package':45} {'result':8} {'seconds':>9} {SYSTEMS[options.os].peer:>9} {'':5} {'passed':>6} {'skip':>5}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda package: test_package(options, package), chosen):
            rows.append(row)
            print(table_line(row, options.os), flush=True)
            say(f"    [{len(rows)}/{len(chosen)}]")
            if options.output and row.here and row.here.status != "pass":
                (options.output / (row.package.replace("/", "_") + ".txt")).write_text(row.here.tail, encoding="utf-8")

    peer = SYSTEMS[options.os].peer
    compared = [row.node for row in rows if row.node]
    if compared and all(run.status == "died" for run in compared):
        sys.exit(f"{peer} runs nothing, not even {rows[0].package}: {compared[0].tail.strip()[-300:]}")
    failed = [row for row in rows if row.problem(options.os)]
    seconds = [(row.here.seconds, row.node.seconds) for row in rows if row.here and row.node]
    print(f"\n{sum(row.here is not None and row.here.status == 'pass' for row in rows)} of {len(rows)} packages pass, "
          f"{sum(len(row.here.passed) for row in rows if row.here)} tests; "
          f"{sum(len(row.here.skipped) for row in rows if row.here)} tests are skipped by themselves.")
    if seconds:
        print(f"CPU seconds: {sum(s for s, _ in seconds):.0f} here, {sum(s for _, s in seconds):.0f} on {peer}.")
    for (system, package, name), reason in EXCEPTIONS.items():
        if system == options.os and package in chosen:
            print(f"Expected to fail: {package} {name}: {reason}.")
    for row in rows:
        if row.here and row.note:
            print(f"{row.package}: {row.note}.")
    for row in failed:
        print(f"FAILED {row.package}: {row.problem(options.os)}")
    if options.output:
        lines = ["pkg\tstatus\tseconds\tnode_seconds\tpass\tskip\tfailing_tests"]
        lines += [f"{r.package}\t{r.here.status}\t{r.here.seconds:.2f}\t{r.node.seconds if r.node else ''}\t{len(r.here.passed)}\t"
                  f"{len(r.here.skipped)}\t{' '.join(r.here.failed)}" for r in rows if r.here]
        (options.output / f"std-{options.version}-{options.os}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
