#!/usr/bin/env python3
"""Says what single imports of Go's runtime and whole operations cost, here and on Node.

Programs/imports measures itself; both engines take turns, and of each line the least time of all runs counts.
"""

import argparse
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
    print(f"{'nanoseconds each':68} {'here':>8} {'Node':>8} {'ratio':>6}")
    for name, nanoseconds in here.items():
        print(f"{name:68} {nanoseconds:8.0f} {node[name]:8.0f} {node[name] / nanoseconds:6.2f}")


if __name__ == "__main__":
    main()
