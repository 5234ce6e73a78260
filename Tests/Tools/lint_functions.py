#!/usr/bin/env python3
"""Checks what neither compiler nor formatter does: no function of the sources is longer than 80 lines, the system's C
library is imported as LibC, only that module asks which system it is for, and no target of C is a part of what a library
offers to others.

usage: lint_functions.py

`swift format` has indented the sources, so a function ends at the first brace that stands where its declaration begins.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_LINES = 80

WORD = r"(?:@\w+(?:\([^)]*\))?|[a-z]+(?:\([a-z]+\))?)"
SWIFT = re.compile(rf"( *)(?:{WORD} )*(?:func \S|init[?<(]|deinit\b|subscript[<(]|var \w+.*\{{$)")
C = re.compile(r"()(?:\{$|[A-Za-z].*\) ?\{$)")
# A row of a table, which is not counted.
ROW = re.compile(r" *[A-Z_]+\([^()]*\)$")
SYSTEM = re.compile(r"\s*(?:@\w+ )?(?:\w+ )?import (Glibc|Musl|Darwin)\b")
# (Which of Foundation's modules there is, is no question of the system's.)
ASKED = re.compile(r"\s*#(?:else)?if\b.*\b(?:os|targetEnvironment|canImport)\s*\((?!FoundationEssentials\))")
OFFERED = re.compile(r"(?:@_exported )?public import (C[A-Z]\w*|LibC)\b")


def functions(lines: list[str], declaration: re.Pattern) -> list[tuple[int, int]]:
    """The functions of more than one line: where each begins, and how many lines it has beside rows of tables."""
    result = []
    for start, line in enumerate(lines):
        if not (match := declaration.match(line)) or line.endswith("}"):
            continue
        indentation = match[1]
        for end in range(start + 1, len(lines)):
            if lines[end].startswith(indentation + "}"):
                result.append((start, sum(not ROW.match(inner) for inner in lines[start : end + 1])))
                break
            # A requirement of a protocol has no body.
            if not lines[end] or not lines[end].startswith((indentation + " ", indentation + ")", indentation + "{", "#")):
                if not any("{" in inner for inner in lines[start:end]):
                    break
    return result


def faults(name: str, text: str) -> list[str]:
    lines = text.splitlines()
    result = [
        f"{name}:{start + 1}: a function of {count} lines: {lines[start].strip()}"
        for start, count in functions(lines, SWIFT if name.endswith(".swift") else C)
        if count > MOST_LINES
    ]
    if not name.endswith(".swift"):
        return result
    for number, line in enumerate(lines, 1):
        if (match := SYSTEM.match(line)) and not name.startswith("Sources/LibC/"):
            result.append(f"{name}:{number}: import LibC, not {match[1]}")
        # (Tests say so of what they need of Linux, such as /proc.)
        if ASKED.match(line) and name.startswith("Sources/") and not name.startswith("Sources/LibC/"):
            result.append(f"{name}:{number}: what depends on the system is to be in Sources/LibC")
        if match := OFFERED.match(line):
            result.append(f"{name}:{number}: {match[1]} is offered to all who import this module")
    return result


def main() -> None:
    found = []
    for folder in ("Sources", "CSupport", "Tests", "Benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = str(path.relative_to(ROOT))
            if path.suffix in (".swift", ".c", ".h", ".inc") and "/.build/" not in name:
                # A test may be a long list.
                isShipped = folder in ("Sources", "CSupport")
                found += [fault for fault in faults(name, path.read_text()) if isShipped or "a function of" not in fault]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
