#!/usr/bin/env python3
"""Finds arithmetic that can end the process, in the parts of Swift that get numbers from a guest.

In Swift a conversion, sum, product or range that has no result traps. The compiler's syntax tree says which operations
there are and of what types: conversions into a type that does not hold all values of the other, products, sums of other
types than Int (numbers of JavaScript have 53 bits, and lengths are those of memory that exists: their sums fit into an
Int), ranges between two computed bounds, prefixes and suffixes of computed length, preconditions.

Where one is, it must be known why it does not trap: either the line is in the list TRAPS with a reason, or it ends in
"// traps: REASON". Better it is written with what has a result for all numbers: NumberText.integer and uint32 for those
of JavaScript, clamping, exactly, truncatingIfNeeded, &+, &-, &*, addingReportingOverflow.

usage: lint_traps.py [--list] [--build FOLDER]
"""

import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAPS = pathlib.Path(__file__).with_name("traps.tsv")
MODULES = ["HostSystem", "WASI", "GoWasm"]
MARK = re.compile(r"// traps: \S")

PLACE = re.compile(r"location=(Sources/[^ :]+):(\d+):(\d+)")
CONVERSION = re.compile(r'type="\((U?Int\d*)\.Type\) -> \((\w+)\) -> \1".*?decl="Swift\.\(file\)\.[^"]*?init\(_:\)')
OPERATION = re.compile(r'decl="Swift\.\(file\)\.(U?Int\d*)(?: extension)?\.([-+*/%]=?) ?"')
RANGE = re.compile(r'decl="Swift\.\(file\)\.Comparable(?: extension)?\.(\.\.<|\.\.\.) \[with .*?Self -> U?Int\d*\)')
PART = re.compile(r'decl="Swift\.\(file\)\.\w+(?: extension)?\.(dropFirst|dropLast|prefix|suffix|removeFirst|removeLast)\(_:\)')
CHECK = re.compile(r'decl="Swift\.\(file\)\.(precondition|preconditionFailure|fatalError)\(')


def bits(name: str) -> tuple[int, int] | None:
    """The least and the greatest number of a type."""
    match = re.fullmatch(r"(U?)Int(\d*)", name)
    if not match:
        return {"Bool": (0, 1)}.get(name)
    width = int(match[2] or 64)
    return (0, 2**width - 1) if match[1] else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)


# Names of types of the system's, with what they are on the systems that there are.
SYSTEM_TYPES = {
    "mode_t": "UInt32", "uid_t": "UInt32", "gid_t": "UInt32", "pid_t": "Int32", "off_t": "Int64", "time_t": "Int",
    "ssize_t": "Int", "CInt": "Int32", "ino_t": "UInt", "__mode_t": "UInt32", "clockid_t": "Int32",
}


def is_widening(source: str, target: str) -> bool:
    low_high, wanted = bits(SYSTEM_TYPES.get(source, source)), bits(target)
    return low_high is not None and wanted is not None and wanted[0] <= low_high[0] and low_high[1] <= wanted[1]


def found(line: str) -> str | None:
    """What of a line of the syntax tree can trap."""
    if match := CONVERSION.search(line):
        return None if is_widening(match[2], match[1]) else f"{match[1]}({match[2]})"
    if match := OPERATION.search(line):
        name, operator = match[1], match[2]
        return None if name == "Int" and operator[0] in "+-/%" or operator[0] in "/%" else f"{name} {operator}"
    if match := RANGE.search(line):
        return match[1]
    if match := PART.search(line) or CHECK.search(line):
        return match[1]
    return None


def is_harmless(kind: str, text: str, column: int) -> bool:
    """Whether the source says at once that there is a result, such as for a literal bound."""
    before, behind = text[: column - 1], text[column - 1 :]
    if kind in ("..<", "..."):
        # From a literal to a count; what is open at one end has no second bound.
        upper = behind[3:]
        return bool(re.search(r"(?<![\w.])[01]$", before)) and bool(re.match(r"[\w.()?!]*[cC]ount\b|\d", upper))
    if kind in ("dropFirst", "dropLast", "prefix", "suffix", "removeFirst", "removeLast"):
        return bool(re.match(r"\w+\((\d|[\w.]*count\))", behind))
    if kind[0] == "U" or kind[0] == "I":
        # A number that is written down, or its name in the system's headers.
        return bool(re.match(r"U?Int\d*\((-?\d\w*|[A-Z][A-Z_0-9]+|[A-Z]\w*\.[a-z]\w*Size)\)", behind))
    return False


def syntax_tree(module: str, build: pathlib.Path) -> str:
    command = [
        "swiftc", "-dump-ast", "-module-name", module, "-I", build / "Modules", "-I", "Sources/CFFI", "-I", "Sources/CZlib",
        "-I", "CSupport/include", "-Xcc", f"-fmodule-map-file={ROOT}/CSupport/include/module.modulemap",
        "-I", "Sources/CHostSystem/include",
        "-Xcc", f"-fmodule-map-file={ROOT}/Sources/CHostSystem/include/module.modulemap",
        # SwiftPM calls a package by its folder, as an identifier.
        "-package-name", re.sub(r"\W", "_", ROOT.name.lower()), "-swift-version", "6", "-enable-upcoming-feature", "MemberImportVisibility",
        "-enable-upcoming-feature", "ExistentialAny", "-enable-upcoming-feature", "InternalImportsByDefault", *sorted((ROOT / "Sources" / module).rglob("*.swift")),
    ]
    command = [os.path.relpath(part, ROOT) if isinstance(part, pathlib.Path) else part for part in command]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines() if ": error: " in line]
        sys.exit("\n".join(errors[:10]) + f"\n{module} cannot be compiled; is `swift build` up to date?")
    return result.stdout + result.stderr


def sites(build: pathlib.Path) -> dict[tuple[str, str], set[tuple[int, str]]]:
    """The lines, by file and text, with their numbers and what is in them."""
    sources: dict[str, list[str]] = {}
    result: dict[tuple[str, str], set[tuple[int, str]]] = collections.defaultdict(set)
    for module in MODULES:
        for line in syntax_tree(module, build).splitlines():
            if 'decl="Swift.(file)' not in line or not (kind := found(line)) or not (place := PLACE.search(line)):
                continue
            name, number, column = place[1], int(place[2]), int(place[3])
            if name not in sources:
                sources[name] = (ROOT / name).read_text().splitlines()
            text = sources[name][number - 1]
            # Columns count bytes.
            column = len(text.encode()[: column - 1].decode(errors="replace")) + 1
            if not is_harmless(kind, text, column) and not MARK.search(text):
                result[(name, " ".join(text.split()))].add((number, kind))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--list", action="store_true", help="print what is found, in the form of the list")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / ".build/debug", help="where `swift build` built")
    options = parser.parse_args()
    found_sites = sites(options.build)
    if options.list:
        for (name, text), places in sorted(found_sites.items(), key=lambda item: (item[0][0], min(item[1]))):
            print(f"{name}\t{text}\t{', '.join(sorted({kind for _, kind in places}))}")
        return 0
    known = set()
    for row in TRAPS.read_text().splitlines():
        if row and not row.startswith("#"):
            name, text, reason = row.split("\t")
            assert reason, row
            known.add((name, text))
    failures = 0
    for (name, text), places in sorted(found_sites.items()):
        if (name, text) not in known:
            failures += 1
            for number, kind in sorted(places):
                print(f"{name}:{number}: {kind} can trap: {text}")
    for name, text in sorted(known - set(found_sites)):
        failures += 1
        print(f"{TRAPS.name}: this is nowhere any more: {name}: {text}")
    print(f"{len(found_sites)} lines with arithmetic that could trap, {failures} of them unexplained or gone")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
