#!/usr/bin/env python3
"""Times Go programs on gowasm-fast, on other engines and natively, as whole processes.

Every engine must print what the native program prints; what differs is not timed. The engines take turns, so that a
machine that slows down slows all of them. Reported are medians.

Further engines: --engine NAME='COMMAND', where {wasm} in the command is the program built for wasip1 ({js}: built for
js), {args} its arguments, {folder} the folder that a program works in which works in one, and {granting} the option
--dir with that folder, or nothing.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import shutil
import sys
import time

from harness import engines as known
from harness.chart import chart
from harness.programs import CASES, Case, Toolchain
from harness.report import document, rows
from harness.runs import Budget, Result, Runner, measure, say
from harness.targets import sentences

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {'.'.join(platform.release().split('.')[:2])}"


def chosen_cases(text: str | None, parser: argparse.ArgumentParser) -> list[Case]:
    if text is None:
        return [case for case in CASES if case.quick]
    if text == "all":
        return CASES
    cases: list[Case] = []
    for word in text.split(","):
        name, _, size = word.partition(":")
        of_program = [case for case in CASES if case.program == name]
        if not of_program:
            parser.error(f"no such program: {name}; there are {', '.join(dict.fromkeys(c.program for c in CASES))}")
        listed = [case for case in of_program if size in (case.size, case.title, "")]
        # Of another size the program needs what it always needs.
        cases += listed or [dataclasses.replace(of_program[-1], size=size, title="", counts=True, heavy=False)]
    return cases


def chosen_engines(options: argparse.Namespace, fields: dict[str, str],
                   parser: argparse.ArgumentParser) -> list[known.Engine]:
    if options.engines in (None, "all"):
        chosen = [engine for engine in known.ENGINES if engine.usual or options.engines]
    else:
        names = options.engines.split(",")
        unknown = set(names) - {engine.name for engine in known.ENGINES}
        if unknown:
            parser.error(f"no such engine: {', '.join(sorted(unknown))}; "
                         f"there are {', '.join(engine.name for engine in known.ENGINES)}")
        chosen = [engine for engine in known.ENGINES if engine.name in names]
    try:
        chosen += [known.custom(text) for text in options.engine]
    except ValueError as error:
        parser.error(str(error))
    found = []
    for engine in chosen:
        reason = engine.missing(fields)
        if reason:
            say(f"{engine.name} is left out: {reason}")
        else:
            found.append(engine)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gowasm", default=str(ROOT / ".build/release/gowasm-fast"), help="the program under test")
    parser.add_argument("--go", required=True, help="the go command")
    parser.add_argument("--node", default=shutil.which("node") or "node", help="the node command")
    parser.add_argument("--folder", default=str(ROOT / ".build-tools/benchmarks"), help="where builds go")
    parser.add_argument("--output", help="where results.md, results.json and results.svg go; without, only the page is printed")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command at most (15)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds at most for one engine's runs of a program, "
                        "each of which it runs at least once (4)")
    parser.add_argument("--limit", type=int, default=60, help="seconds after which a run is given up (60)")
    parser.add_argument("--engines", help="names, separated by commas, or all; default: "
                        + ",".join(engine.name for engine in known.ENGINES if engine.usual))
    parser.add_argument("--engine", action="append", default=[], metavar="NAME=COMMAND", help="a further engine")
    parser.add_argument("--programs", help="names, or names with sizes such as fib:38, separated by commas; or all")
    options = parser.parse_args()

    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    toolchain = Toolchain(options.go, folder)
    fields = {"gowasm": options.gowasm, "go": options.go, "node": options.node, "python": sys.executable,
              "wasm_exec": toolchain.node_script,
              "wasmkit": known.beside_swift("wasmkit"), "wasmtime_host": str(HERE / "hosts/wasmtime_host.py"),
              "wasm3_host": str(HERE / "hosts/wasm3_host.py")}
    engines = chosen_engines(options, fields, parser)
    cases = chosen_cases(options.programs, parser)
    engines = known.as_built(engines, fields["gowasm"])
    runner = Runner(folder)

    start = time.monotonic()
    kinds = list(dict.fromkeys(["native", *(engine.build for engine in engines)]))
    programs = list(dict.fromkeys(case.program for case in cases))
    for number, program in enumerate(programs, 1):
        say(f"==> Building [{number}/{len(programs)}] {program} ({', '.join(kinds)})")
        for kind in kinds:
            if next(case for case in cases if case.program == program).builds(kind):
                toolchain.build(program, kind)
    built = time.monotonic()
    results: list[Result] = []
    for number, case in enumerate(cases, 1):
        say(f"==> [{number}/{len(cases)}, {time.monotonic() - built:.0f} s] {case.name}")
        results += measure(case, engines, fields, toolchain, runner,
                           Budget(options.rounds, options.seconds, options.limit))
    say(f"==> Built in {built - start:.0f} s, timed in {time.monotonic() - built:.0f} s")

    about = [f"{datetime.date.today()}, {machine()}.", ""]
    about += [f"* {engine.name}: {engine.version_text(fields) if engine.version else 'given by a command'}" for engine in engines]
    page = document(results, about, sentences)
    print(page)
    if options.output:
        output = pathlib.Path(options.output)
        output.mkdir(parents=True, exist_ok=True)
        (output / "results.md").write_text(page, encoding="utf-8")
        (output / "results.json").write_text(json.dumps(rows(results)), encoding="utf-8")
        chart(results, output / "results.svg")
    if not any(result.engine.name == known.REFERENCE for result in results):
        sys.exit(f"{known.REFERENCE} ran nothing rightly.")


if __name__ == "__main__":
    main()
