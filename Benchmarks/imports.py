#!/usr/bin/env python3
"""Says what single imports of Go's runtime and whole operations cost, and how that grows, here and on Node.

Programs/imports and Programs/growth measure themselves; both engines take turns, and of each line the least time of all
runs counts. The exponent of an operation that is done n, 2n and 4n times, to what grows with it, is 1 where each costs
the same, and 2 where each costs as much as there is already.
"""

import argparse
import math
import pathlib
import subprocess
import sys
import tempfile

from harness.programs import Toolchain

HERE = pathlib.Path(__file__).resolve().parent


def run(command: list[str], least: dict[str, float]) -> None:
    """Runs the program once, and keeps what was quicker than before."""
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": tempfile.gettempdir()}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    for line in done.stdout.splitlines():
        name, nanoseconds, _ = line.split("\t")
        least[name] = min(float(nanoseconds), least.get(name, float("inf")))


def run_growth(command: list[str], least: dict[str, dict[int, float]]) -> None:
    """Runs the program about growth once, and keeps the least nanoseconds of each operation, by its number."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    for line in done.stdout.splitlines():
        name, number, nanoseconds = line.split("\t")
        times = least.setdefault(name, {})
        times[int(number)] = min(float(nanoseconds), times.get(int(number), math.inf))


def exponent(times: dict[int, float]) -> float:
    """The power of the number that the time grows with, from the first to the last number."""
    (least, first), *_, (most, last) = sorted(times.items())
    return math.log(last / first) / math.log(most / least)


def print_growth(here: dict[str, dict[int, float]], node: dict[str, dict[int, float]]) -> None:
    """Prints the table about growth."""
    print()
    print(f"{'how cost grows':52} {'number':>7} {'here':>8} {'Node':>8}  ms {'ratio':>6}  {'exponent':>8} {'Node':>5}")
    for name, times in here.items():
        most = max(times)
        print(
            f"{name:52} {most:7} {times[most] / 1e6:8.1f} {node[name][most] / 1e6:8.1f}"
            f"     {node[name][most] / times[most]:6.2f}  {exponent(times):8.2f} {exponent(node[name]):5.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gowasm", default=str(HERE.parent / ".build/release/gowasm-fast"), help="the program measured")
    parser.add_argument("--go", required=True, help="the go command that builds the program")
    parser.add_argument("--node", required=True, help="the node command")
    parser.add_argument("--folder", default=str(HERE.parent / ".build-tools/benchmarks"), help="where builds go")
    parser.add_argument("--rounds", type=int, default=5, help="how often each engine runs it")
    options = parser.parse_args()
    here: dict[str, float] = {}
    node: dict[str, float] = {}
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    toolchain = Toolchain(options.go, folder)
    module = toolchain.build("imports", "js")
    for number in range(options.rounds):
        print(f"    [{number + 1}/{options.rounds}]", file=sys.stderr, flush=True)
        run([options.gowasm, "--allow-all", "--env", f"TMPDIR={tempfile.gettempdir()}", module], here)
        run([options.node, "--stack-size=8192", toolchain.node_script, module], node)
    growth = toolchain.build("growth", "js")
    grown_here: dict[str, dict[int, float]] = {}
    grown_node: dict[str, dict[int, float]] = {}
    for number in range(options.rounds):
        print(f"    [{number + 1}/{options.rounds}] how cost grows", file=sys.stderr, flush=True)
        run_growth([options.gowasm, growth], grown_here)
        run_growth([options.node, "--stack-size=8192", toolchain.node_script, growth], grown_node)
    print(f"{'nanoseconds each':68} {'here':>8} {'Node':>8} {'ratio':>6}")
    for name, nanoseconds in here.items():
        print(f"{name:68} {nanoseconds:8.0f} {node[name]:8.0f} {node[name] / nanoseconds:6.2f}")
    print_growth(grown_here, grown_node)


if __name__ == "__main__":
    main()
