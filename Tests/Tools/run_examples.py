#!/usr/bin/env python3
"""Builds the program of README.md and the packages in Tests/Examples as a user of the library would, runs them, and
compares what they print.

usage: run_examples.py FOLDER SWIFT

FOLDER (.build-tools) has the Go programs that build-programs.sh made; the examples are built in FOLDER/examples.
"""

import pathlib
import re
import shutil
import subprocess
import sys


def main():
    tools, swift = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    root = pathlib.Path(__file__).resolve().parents[2]
    package = tools / "examples"
    # What SwiftPM keeps in .build stays.
    shutil.rmtree(package / "Sources", ignore_errors=True)
    shutil.copytree(root / "Tests/Examples", package, dirs_exist_ok=True)
    manifest = (package / "Package.swift").read_text()
    (package / "Package.swift").write_text(manifest.replace('path: "../.."', f'name: "gowasm-fast", path: "{root}"'))

    source, expected = readme_program((root / "README.md").read_text())
    (package / "Sources/Readme").mkdir()
    (package / "Sources/Readme/main.swift").write_text(source)
    (package / "Sources/Readme/expected.txt").write_text(expected)

    print("==> Building the examples and the program of README.md", flush=True)
    subprocess.run([swift, "build", "--package-path", package], check=True)
    programs = tools / "programs/newest"
    arguments = {"Greeting": [programs / "embedded.wasm"], "Plugin": [programs / "wasip1/plugin.wasm"], "Engine": [],
                 "Readme": [], "Calls": [programs / "wasip1/calls.wasm"],
                 "Awaits": [programs / "wasip1/awaits.wasm"],
                 "Files": [programs / "store.wasm"]}
    failures = 0
    for name, given in arguments.items():
        result = subprocess.run(
            [package / ".build/debug" / name, *given], cwd=root, text=True, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expected = (package / "Sources" / name / "expected.txt").read_text()
        if result.returncode == 0 and result.stdout == expected:
            print(f"    {name}: as expected")
        else:
            failures += 1
            print(f"    {name} ended with {result.returncode} and printed\n{result.stdout}instead of\n{expected}")
    sys.exit(failures != 0)


def readme_program(text):
    """The program between the marks in README.md, and what it says that it prints."""
    found = re.search(r"<!-- program -->\n```swift\n(.*?)```\n.*?<!-- prints -->\n((?:    [^\n]*\n)+)", text, re.DOTALL)
    if not found:
        sys.exit("README.md has no program between its marks")
    return found[1], re.sub("^    ", "", found[2], flags=re.MULTILINE)


if __name__ == "__main__":
    main()
