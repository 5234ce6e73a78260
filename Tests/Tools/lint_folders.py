#!/usr/bin/env python3
"""Checks that each folder of Sources/WasmFrontend uses only those before it, in the order that ARCHITECTURE.md says.

usage: lint_folders.py

The compiler is asked: each folder has to compile with nothing of the module but those before it. What a folder uses too
early is a name that the compiler does not find. $SWIFT names the compiler of packages, `swift` otherwise.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODULE = ROOT / "Sources" / "WasmFrontend"


def order() -> list[str]:
    """The folders, as the only line of ARCHITECTURE.md that joins them by arrows names them."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    found = re.findall(r"^(`\w+`(?: → `\w+`){4,})", text, re.MULTILINE)
    if len(found) != 1:
        sys.exit("ARCHITECTURE.md has to have one line with the order of the folders of WasmFrontend: `A` → `B` → …")
    return re.findall(r"`(\w+)`", found[0])


def main() -> None:
    folders = order()
    there = sorted(path.name for path in MODULE.iterdir() if path.is_dir() and path.suffix != ".docc")
    if sorted(folders) != there or any(path.suffix == ".swift" for path in MODULE.iterdir()):
        sys.exit(f"ARCHITECTURE.md orders {sorted(folders)}, but Sources/WasmFrontend consists of {there}")
    swift = shutil.which(os.environ.get("SWIFT", "swift"))
    if not swift:
        sys.exit("there is no swift")
    compiler = pathlib.Path(os.path.realpath(swift)).parent / "swiftc"
    includes = [str(path.parent) for top in ("CSupport", "Sources") for path in (ROOT / top).rglob("module.modulemap")]
    flags = subprocess.run(
        ["pkg-config", "--cflags", "libffi"], capture_output=True, text=True, check=False
    ).stdout.split()
    options = ["-package-name", "gowasm-fast", "-module-name", "WasmFrontend", "-swift-version", "6"]
    for feature in ("MemberImportVisibility", "ExistentialAny", "InternalImportsByDefault"):
        options += ["-enable-upcoming-feature", feature]
    for name in includes:
        options += ["-I", name]
    for flag in flags:
        options += ["-Xcc", flag]
    sources: list[str] = []
    with tempfile.TemporaryDirectory() as cache:
        # The one module of Swift that the folders import.
        library = f"{cache}/LibC.swiftmodule"
        subprocess.run(
            [compiler, "-emit-module", "-module-name", "LibC", "-package-name", "gowasm-fast", "-swift-version", "6",
             "-module-cache-path", cache, "-o", library, *(ROOT / "Sources" / "LibC").glob("*.swift")],
            check=True,
        )
        options += ["-I", cache]
        for folder in folders:
            sources += sorted(str(path) for path in (MODULE / folder).glob("*.swift"))
            result = subprocess.run(
                [compiler, "-typecheck", "-module-cache-path", cache, *options, *sources],
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode:
                sys.stderr.write(result.stderr)
                sys.exit(f"{folder} uses what comes behind it: the order is {' → '.join(folders)}")


if __name__ == "__main__":
    main()
