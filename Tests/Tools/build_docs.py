#!/usr/bin/env python3
"""Builds the documentation of the library: the catalogues, with the instructions from gw_opcodes.def put in, and the pages
of every public symbol. Warnings are errors. So are a public symbol without a comment, a type that the page of its module
does not list, a member that the page of its type does not list, code that is wider than its box, and Swift in an article
that does not compile.

usage: build_docs.py OUTPUT SWIFT

OUTPUT becomes a folder that `docc preview` or any web server shows (documentation/gowasm).
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "CSupport/include"
# What the library's modules need of C.
HEADERS = [f"-I{INCLUDE}", f"-I{ROOT}/Sources/CHostSystem/include"]
# The library, and what it exports again.
MODULES = ["GoWasm", "WasmRuntime", "WasmFrontend", "HostSystem"]


def main():
    output, swift = pathlib.Path(sys.argv[1]), sys.argv[2]
    tools = pathlib.Path(shutil.which(swift)).resolve().parent
    print("==> Building what is documented", flush=True)
    subprocess.run([swift, "build", "--target", "GoWasm"], cwd=ROOT, check=True)
    modules = pathlib.Path(subprocess.check_output([swift, "build", "--show-bin-path"], cwd=ROOT, text=True).strip())
    target = json.loads(subprocess.check_output([tools / "swiftc", "-print-target-info"]))["target"]["triple"]

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        archives = []
        failures = 0
        for module in MODULES:
            print(f"==> Documenting {module}", flush=True)
            graphs, catalogue, archive = folder / f"graphs-{module}", folder / f"{module}.docc", folder / f"{module}.doccarchive"
            graphs.mkdir()
            subprocess.run(
                [tools / "swift-symbolgraph-extract", "-module-name", module, "-I", modules / "Modules",
                 "-target", target, "-I", ROOT / "Sources/CZlib",
                 *(part for header in HEADERS for part in ("-Xcc", header)),
                 "-minimum-access-level", "public",
                 "-skip-inherited-docs", "-output-dir", graphs], check=True)
            # Extensions of other modules' types have pages in those.
            for extensions in graphs.glob("*@*"):
                extensions.unlink()
            graph = json.loads((graphs / f"{module}.symbols.json").read_text())
            for symbol in undocumented(graph):
                print(f"error: {symbol} has no comment", file=sys.stderr)
                failures += 1
            for fault in [*wide_comments(graph), *unlisted(module, graph)]:
                print(f"error: {fault}", file=sys.stderr)
                failures += 1
            make_catalogue(module, catalogue)
            result = subprocess.run(
                [tools / "docc", "convert", catalogue, "--additional-symbol-graph-dir", graphs, "--output-path", archive,
                 "--fallback-display-name", module, "--fallback-bundle-identifier", module, "--warnings-as-errors"])
            failures += result.returncode != 0
            archives.append(archive)
        print("==> Compiling what the articles show", flush=True)
        shown = folder / "Shown.swift"
        shown.write_text(programs(folder))
        failures += subprocess.run(
            [tools / "swiftc", "-typecheck", "-swift-version", "6", "-warnings-as-errors", "-I", modules / "Modules",
             "-I", ROOT / "Sources/CZlib", *(part for header in HEADERS for part in ("-Xcc", header)),
             "-Xcc", f"-fmodule-map-file={INCLUDE}/module.modulemap",
             "-Xcc", f"-fmodule-map-file={ROOT}/Sources/CHostSystem/include/module.modulemap", shown]).returncode != 0
        if failures:
            sys.exit(f"{failures} faults")
        shutil.rmtree(output, ignore_errors=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [tools / "docc", "merge", *archives, "--output-path", output,
             "--synthesized-landing-page-name", "gowasm-fast"], check=True)
    print(f"    {output}. To read it: python3 -m http.server --directory {output} 8000")
    print("    and open localhost:8000/documentation/gowasm")


def declared(graph):
    """The symbols that the module itself declares; what the compiler adds has no place."""
    return [symbol for symbol in graph["symbols"]
            if "location" in symbol and "::SYNTHESIZED::" not in symbol["identifier"]["precise"]]


def undocumented(graph):
    """Those of them that have no comment."""
    return sorted(".".join(symbol["pathComponents"]) for symbol in declared(graph) if not symbol.get("docComment"))


def unlisted(module, graph):
    """What is not among the topics of a page in the catalogue: types on the first page, members on that of their type."""
    catalogue = ROOT / f"Sources/{module}/{module}.docc"
    topic = re.compile(r"^- ``(?:\w+/)*(.*?)(?:-(?:\w+(?:\.\w+)?|\(.*\)))?``$", re.MULTILINE)
    pages = {page.stem: set(topic.findall(page.read_text()))
             for page in [catalogue / f"{module}.md", *catalogue.glob("Symbols/*.md")]}
    for symbol in declared(graph):
        path = symbol["pathComponents"]
        page = path[-2] if len(path) > 1 else module
        if page in pages and path[-1] not in pages[page]:
            yield f"{page}.md has no topic for {'.'.join(path)}"


# The characters that fit into a line of a box of code.
WIDTH = 80


def wide_comments(graph):
    """The lines of code in comments that are wider than their box."""
    for symbol in declared(graph):
        text = "\n".join(line["text"] for line in symbol.get("docComment", {}).get("lines", []))
        for line in wide_lines(text):
            yield f"{'.'.join(symbol['pathComponents'])}: wider than {WIDTH} columns: {line}"


def wide_lines(text):
    """The lines of code in a text that are wider than their box."""
    for code in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE) + re.findall("^    .*$", text, re.MULTILINE):
        yield from (line for line in code.split("\n") if len(line) > WIDTH)


def make_catalogue(module, catalogue):
    written = ROOT / f"Sources/{module}/{module}.docc"
    shutil.copytree(written, catalogue)
    for article in written.glob("*.md"):
        for line in wide_lines(article.read_text()):
            sys.exit(f"{article.name}: wider than {WIDTH} columns: {line}")
    if module == "GoWasm":
        insert_instructions(catalogue / "Bytecode.md")


def insert_instructions(page):
    text, count = re.subn(r"<!-- Here .*? -->\n", lambda _: instructions(), page.read_text())
    if count != 1:
        sys.exit("Bytecode.md has no place for the instructions")
    page.write_text(text)


def programs(folder):
    """The pieces of Swift in the articles, a function each; those that go on with a program are given one."""
    source = "import GoWasm\n"
    for page in sorted(folder.glob("*.docc/*.md")):
        for index, code in enumerate(re.findall(r"```swift\n(.*?)```", page.read_text(), re.DOTALL)):
            body = code.replace("import GoWasm\n", "")
            source += f"func {page.stem}{index}(_ program: Program) async throws {{\n{body}}}\n"
    return source


def instructions():
    """The operands' letters and the instructions as tables, from their declarations."""
    comment = (INCLUDE / "gw_opcodes.def").read_text().split("// OPERANDS, a letter each:\n")[1].split("// `sp` is")[0]
    lines = re.findall(r"^//     (\w)  (.*)$", comment, re.MULTILINE)
    if not lines:
        sys.exit("gw_opcodes.def does not say what its letters mean")
    page = "### Operands\n\n| letter | operand |\n| --- | --- |\n"
    page += "".join(f"| {letter} | {cell(meaning)} |\n" for letter, meaning in lines)
    rows = subprocess.run(
        ["cc", "-E", "-P", "-x", "c", "-I", INCLUDE, "-"], check=True, text=True, stdout=subprocess.PIPE,
        input='#define GW_ROW(name, text, operands, ...) ROW name | text | operands;\n#include "gw_opcode_rows.h"\n').stdout
    found = re.findall(r"ROW (\w+) \| ([^|]*) \| ([^;]*);", rows)
    if not found:
        sys.exit("gw_opcode_rows.h gives no rows")
    page += f"\n### The {len(found)} instructions\n\n| instruction | operands | row |\n| --- | --- | --- |\n"
    for name, text, operands in found:
        page += f"| {cell(literal(text))} | {literal(operands)} | `{name}` |\n"
    return page


def literal(strings):
    """What C's string literals, one behind the other, say."""
    return "".join(re.findall(r'"([^"]*)"', strings))


def cell(text):
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
