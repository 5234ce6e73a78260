#!/usr/bin/env python3
"""Runs random modules here and on other engines, and compares what they do.

Modules come from binaryen's `wasm-opt -ttf`, which makes valid ones of random bytes (names b-SEED), and from the
generator of WasmRuntimeTests, which writes what Go's compiler writes (names g-SEED). Both are determined by the seed, and
neither shows the bits of NaNs, which differ between engines.
ModuleFolderTests runs each in all seven configurations, which must agree in results, traps, calls of the host, memory
and globals, and writes down what happened; Node and wasmtime do the same, and say the same.

Lanes of vectors may show them. A module that differs and computes with floats in lanes is run again with each NaN that
these operations make replaced by one and the same: if all agree then, it is counted as differing in NaNs of lanes.

A module that differs is kept in the output's folder with what each engine said. `--reduce FILE` makes one smaller with
binaryen's wasm-reduce.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NODE_SCRIPT = pathlib.Path(__file__).resolve().with_name("fuzz_node.mjs")
# What of WebAssembly 2.0 binaryen may use; references with one seed in eight, as its idea of them is of later versions, and
# few of those modules are valid.
FEATURES = [f"--enable-{name}" for name in (
    "sign-ext", "nontrapping-float-to-int", "bulk-memory", "simd", "multivalue", "mutable-globals")]
REFERENCES = ["--enable-reference-types"]
BATCH = 500
# How many bytes of a memory are compared: some are made to grow to 4 GiB. The two other programs know the same number.
CHECKED = 1 << 24


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def make_module(options: argparse.Namespace, seed: int, folder: pathlib.Path) -> bool:
    """Makes the module b-SEED; false where binaryen does not make one of the bytes."""
    numbers = random.Random(seed)
    source = folder / f"b-{seed}.bytes"
    source.write_bytes(numbers.randbytes(numbers.randrange(200, 6000)))
    # Without NaNs, whose bits differ between engines, and sometimes with what an optimiser makes of it.
    passes = numbers.choice([[], [], ["-O1"], ["-O3"], ["--flatten", "--simplify-locals-notee"]])
    features = FEATURES + REFERENCES if seed % 8 == 0 else FEATURES
    done = subprocess.run([options.wasm_opt, "-ttf", *features, source, "--denan", *passes, "-o",
                           folder / f"b-{seed}.wasm"], capture_output=True, check=False)
    source.unlink()
    return done.returncode == 0


# --- The engines ---

def run_here(options: argparse.Namespace, folder: pathlib.Path, own: str) -> None:
    """Runs the modules here; of those that end the process, says so."""
    while True:
        environment = {**os.environ, "GOWASM_FUZZ_FOLDER": str(folder), "GOWASM_FUZZ_OWN": own}
        done = subprocess.run([*options.runner.split(), "--filter", "ModuleFolderTests"], env=environment, cwd=ROOT,
                              capture_output=True, text=True, check=False)
        current = folder / "current"
        if not current.exists():
            if "ran " not in done.stdout:
                sys.exit(f"ModuleFolderTests did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
            return
        name = current.read_text(encoding="utf-8")
        current.unlink()
        report(options, folder, name, {"here": f"the process ended with {done.returncode}:\n{done.stdout[-2000:]}"})
        (folder / f"{name}.wasm").unlink()
        own = ""


def end_node(node: subprocess.Popen, folder: pathlib.Path) -> None:
    _, errors = node.communicate()
    if node.returncode != 0:
        current = folder / "current"
        say(f"Node ended at {current.read_text() if current.exists() else 'the start'}: {errors[-500:]}")
        current.unlink(missing_ok=True)


class Wasmtime:
    """The wasmtime package of PyPI, in this process."""

    TRAPS = {"unreachable": "unreachable", "divide by zero": "division", "integer overflow": "unrepresentable",
             "invalid conversion": "unrepresentable", "memory access": "memory", "indirect call type": "indirect",
             "uninitialized element": "indirect", "table": "table", "call stack": "stack"}

    def __init__(self) -> None:
        import wasmtime  # pylint: disable=import-outside-toplevel
        self.wasmtime = wasmtime
        config = wasmtime.Config()
        config.cranelift_opt_level = "none"
        # What came after WebAssembly 2.0 is refused: binaryen makes some of it unasked.
        for feature in ("gc", "function_references", "tail_call", "relaxed_simd", "memory64", "multi_memory", "threads"):
            try:
                setattr(config, f"wasm_{feature}", False)
            except (AttributeError, wasmtime.WasmtimeError):
                pass
        self.engine = wasmtime.Engine(config)

    def category(self, error: Exception) -> str:
        text = str(error)
        if not isinstance(error, self.wasmtime.Trap):
            return f"error {text}"
        for words, kind in self.TRAPS.items():
            if words in text:
                return f"trap {kind}"
        return f"trap {text}"

    def shown(self, kind: str, value: object) -> str:
        match kind:
            case "i32": return str(value & 0xFFFFFFFF)
            case "i64": return str(value & 0xFFFFFFFFFFFFFFFF)
            case "f32": return "nan" if value != value else str(struct.unpack("<I", struct.pack("<f", value))[0])
            case "f64": return "nan" if value != value else str(struct.unpack("<Q", struct.pack("<d", value))[0])
            case _: return "null" if value is None else "reference"

    def argument(self, kind: str, text: str) -> object:
        match kind:
            case "i32": return struct.unpack("<i", struct.pack("<I", int(text)))[0]
            case "i64": return struct.unpack("<q", struct.pack("<Q", int(text)))[0]
            case "f32": return struct.unpack("<f", struct.pack("<I", int(text)))[0]
            case "f64": return struct.unpack("<d", struct.pack("<Q", int(text)))[0]
            case "funcref": return self.wasmtime.Val.funcref(None)
            case _: return self.wasmtime.Val.externref(None)

    def run(self, path: pathlib.Path, plan: dict) -> dict:
        w = self.wasmtime
        lines: list[str] = []
        try:
            module = w.Module(self.engine, path.read_bytes())
        except w.WasmtimeError as error:
            return {"refusal": str(error), "lines": lines}
        store = w.Store(self.engine)
        imports = []
        zeros = {"i32": w.Val.i32(0), "i64": w.Val.i64(0), "f32": w.Val.f32(0.0), "f64": w.Val.f64(0.0),
                 "funcref": w.Val.funcref(None), "externref": w.Val.externref(None)}
        for wanted in module.imports:
            kind = wanted.type
            if isinstance(kind, w.FuncType):
                def noted(*values, kind=kind, name=wanted.name):
                    types = [str(t) for t in kind.params]
                    lines.append(f"{name} {' '.join(self.shown(t, v) for t, v in zip(types, values))}")
                    results = [zeros[str(t)] for t in kind.results]
                    return results if len(results) > 1 else results[0] if results else None
                imports.append(w.Func(store, kind, noted))
            elif isinstance(kind, w.GlobalType):
                imports.append(w.Global(store, kind, zeros[str(kind.content)]))
            elif isinstance(kind, w.MemoryType):
                imports.append(w.Memory(store, kind))
            else:
                imports.append(w.Table(store, kind, None))
        try:
            instance = w.Instance(store, module, imports)
        except (w.Trap, w.WasmtimeError) as error:
            return {"lines": [*lines, f"start {self.category(error)}"]}
        exports = instance.exports(store)
        for call in plan["calls"]:
            lines.append(f"call {call['name']}")
            try:
                arguments = [self.argument(t, a) for t, a in zip(call["parameters"], call["arguments"])]
                result = exports[call["name"]](store, *arguments)
                results = result if len(call["results"]) > 1 else [result] if call["results"] else []
                lines.append(" ".join(self.shown(t, v) for t, v in zip(call["results"], results)))
            except Exception as error:  # pylint: disable=broad-except
                what = self.category(error)
                lines.append(what)
                if not what.startswith("trap") or what == "trap stack":
                    return {"lines": lines}
        for export in module.exports:
            value = exports[export.name]
            if isinstance(value, w.Memory):
                size = value.data_len(store)
                lines.append(f"memory {export.name} {size} {zlib.crc32(bytes(value.read(store, 0, min(size, CHECKED))))}")
            elif isinstance(value, w.Global) and str(export.type.content) != "v128":
                lines.append(f"global {export.name} {self.shown(str(export.type.content), value.value(store))}")
            elif isinstance(value, w.Table):
                lines.append(f"table {export.name} {value.size(store)}")
        return {"lines": lines}


# --- The comparison ---

def difference(here: dict, there: dict, has_globals: bool) -> str:
    """How another engine's lines differ; empty where they do not, as far as it got."""
    if bool(here.get("refusal")) != bool(there.get("refusal")):
        return f"refused here: {here.get('refusal')}; there: {there.get('refusal')}"
    ours, theirs = here["lines"], there["lines"]
    if not has_globals:
        ours = [line for line in ours if not line.startswith("global ")]
        theirs = [line for line in theirs if not line.startswith("global ")]
    if theirs and (theirs[-1].startswith("error ") or theirs[-1].startswith("start error")):
        # What the other engine's interface cannot do, such as vectors in JavaScript.
        theirs = theirs[:-1]
        ours = ours[:len(theirs)]
    for index, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            return f"line {index}: {a!r}, there {b!r}"
    if len(ours) != len(theirs):
        return f"{len(ours)} lines, there {len(theirs)}"
    return ""


def compared_lines(there: dict) -> int:
    """How many of another engine's lines are compared with ours; see `difference`."""
    lines = there["lines"]
    return 0 if there.get("refusal") else sum(not line.startswith(("error ", "start error")) for line in lines)


def report(options: argparse.Namespace, folder: pathlib.Path, name: str, problems: dict[str, str]) -> None:
    options.failures += 1
    options.output.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / f"{name}.wasm", options.output)
    text = "".join(f"{engine}: {problem}\n" for engine, problem in problems.items())
    (options.output / f"{name}.txt").write_text(text, encoding="utf-8")
    say(f"DIFFERENT: {name} (kept in {options.output})\n{text}")


def run_wasmtime(options: argparse.Namespace, path: pathlib.Path, here: dict) -> dict:
    try:
        return options.wasmtime.run(path, here)
    except (options.wasmtime.wasmtime.WasmtimeError, options.wasmtime.wasmtime.Trap) as error:
        return {"lines": [f"error {error}"], "refusal": here.get("refusal")}


# What makes NaNs of others, whose bits are open; see "NaN Propagation" in the specification.
LANE_OPERATIONS = re.compile(
    r"\((f32x4|f64x2)\.(add|sub|mul|div|min|max|sqrt|ceil|floor|trunc|nearest|demote_f64x2_zero|promote_low_f32x4)\b")
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|;;[^\n]*|\(|\)')
# Functions of a module in text that give a vector back with its NaNs made one.
ONE_NAN = """
 (func $one-nan-{shape} (param $x v128) (result v128)
  (v128.bitselect (local.get $x) ({shape}.splat ({type}.const nan)) ({shape}.eq (local.get $x) (local.get $x))))
"""


def with_one_nan(path: pathlib.Path, output: pathlib.Path) -> bool:
    """Writes the module with one NaN in lanes only; false where no operation makes NaNs there, or binaryen fails."""
    text = subprocess.run(["wasm-dis", path], capture_output=True, text=True, check=False).stdout
    if not LANE_OPERATIONS.search(text):
        return False
    pieces, copied, depth, wrapped = [], 0, 0, []
    for token in TOKENS.finditer(text):
        match token.group()[0]:
            case "(":
                depth += 1
                if operation := LANE_OPERATIONS.match(text, token.start()):
                    pieces += [text[copied:token.start()], f"(call $one-nan-{operation[1]} "]
                    copied = token.start()
                    wrapped.append(depth)
            case ")":
                if wrapped and wrapped[-1] == depth:
                    pieces += [text[copied:token.end()], ")"]
                    copied = token.end()
                    wrapped.pop()
                depth -= 1
                if depth == 0:
                    pieces += [text[copied:token.start()], ONE_NAN.format(shape="f32x4", type="f32"),
                               ONE_NAN.format(shape="f64x2", type="f64")]
                    copied = token.start()
    source = output.with_suffix(".wat")
    source.write_text("".join(pieces) + text[copied:], encoding="utf-8")
    done = subprocess.run(["wasm-as", *FEATURES, *REFERENCES, source, "-o", output], capture_output=True, check=False)
    return done.returncode == 0


def agrees_with_one_nan(options: argparse.Namespace, path: pathlib.Path) -> bool:
    """Whether a module that differs does so only in the bits of NaNs that operations on lanes make."""
    folder = options.output / "one-nan"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if not with_one_nan(path, folder / path.name):
        return False
    return all(not here.get("difference") and len(there) == len(options.compared) and not differences(here, there)
               for _, here, there in run(options, folder, ""))


def differences(here: dict, there: dict[str, dict]) -> dict[str, str]:
    """How the other engines' lines differ, by their names."""
    # A plan does not tell Node of what types exported globals are.
    found = {engine: difference(here, said, engine != "Node") for engine, said in there.items()}
    return {engine: problem for engine, problem in found.items() if problem}


def compare(options: argparse.Namespace, path: pathlib.Path, here: dict, there: dict[str, dict]) -> None:
    """Compares what a module did here and on the other engines, by their names."""
    problems = {"configurations": here["difference"]} if here.get("difference") else {}
    for engine, said in there.items():
        options.compared[engine] += compared_lines(said)
    options.lines += len(here["lines"])
    for line in here["lines"]:
        if line.startswith("trap "):
            options.traps[line[5:]] = options.traps.get(line[5:], 0) + 1
    differing = differences(here, there)
    if here.get("refusal") and len(differing) < len(there):
        # It is not of WebAssembly 2.0, and the other engine knows more.
        options.refused += 1
    elif differing and not problems and agrees_with_one_nan(options, path):
        options.nans.append(path.stem)
    else:
        problems |= differing
    if problems:
        report(options, path.parent, path.stem, problems)
    options.modules += 1


def run(options: argparse.Namespace, folder: pathlib.Path, own: str) -> list[tuple[pathlib.Path, dict, dict[str, dict]]]:
    """Runs a folder's modules everywhere: of each, what happened here and on the other engines, by their names."""
    run_here(options, folder, own)
    node = subprocess.Popen([options.node, NODE_SCRIPT, folder], stderr=subprocess.PIPE,
                            text=True) if options.node else None
    done = [(path, json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), {})
            for path in sorted(folder.glob("*.wasm"))]
    if options.wasmtime:
        for path, here, there in done:
            there["wasmtime"] = run_wasmtime(options, path, here)
    if node:
        end_node(node, folder)
        for path, _, there in done:
            answer = path.with_suffix(".node.json")
            if answer.exists():
                there["Node"] = json.loads(answer.read_text(encoding="utf-8"))
            else:
                options.unanswered += 1
    return done


def run_and_compare(options: argparse.Namespace, folder: pathlib.Path, own: str) -> None:
    for path, here, there in run(options, folder, own):
        compare(options, path, here, there)


def batch(options: argparse.Namespace, seeds: range) -> None:
    folder = options.output / "batch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if options.own_only:
        run_and_compare(options, folder, f"{seeds.start},{len(seeds)}")
        return
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        options.refused += sum(not made for made in pool.map(lambda seed: make_module(options, seed, folder), seeds))
    run_and_compare(options, folder, f"{seeds.start},{len(seeds) // 2}")


def check(options: argparse.Namespace, file: str) -> None:
    """Runs one module: exit 1 where it differs."""
    folder = options.output / "check"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(file, folder / "module.wasm")
    run_and_compare(options, folder, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", default="swift test --skip-build", help="the command that runs the package's tests")
    parser.add_argument("--node", help="the node command")
    parser.add_argument("--no-wasmtime", action="store_true")
    parser.add_argument("--wasm-opt", default="wasm-opt")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, help="how many seeds; each gives a module of binaryen's, every second one ours too")
    parser.add_argument("--own-only", action="store_true", help="only modules of our own generator, one for each seed")
    parser.add_argument("--time", type=float, help="seconds after which no further batch begins")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("fuzz"), help="where modules that differ go")
    parser.add_argument("--check", metavar="FILE", help="run only this module")
    parser.add_argument("--reduce", metavar="FILE", help="make this module smaller as long as it differs")
    options = parser.parse_args()
    options.output = options.output.resolve()
    options.modules = options.lines = options.failures = options.refused = options.unanswered = 0
    options.traps, options.nans = {}, []
    options.wasmtime = None if options.no_wasmtime else Wasmtime()
    # The results that each of the other engines was compared by.
    options.compared = {name: 0 for name, is_used in (("Node", options.node), ("wasmtime", options.wasmtime)) if is_used}
    if options.check:
        check(options, options.check)
        sys.exit(1 if options.failures else 0)
    if options.reduce:
        arguments = [sys.executable, __file__, "--runner", f"'{options.runner}'", "--output", str(options.output)]
        arguments += ["--node", options.node] if options.node else []
        arguments += ["--no-wasmtime"] if options.no_wasmtime else []
        test, work = options.output / "test.wasm", options.output / "smaller.wasm"
        command = " ".join([*arguments, "--check", str(test), ">/dev/null", "2>&1"])
        # A check takes about a second; longer than wasm-reduce would wait for it.
        subprocess.run(["wasm-reduce", options.reduce, f"--command={command}", "-to", "60", "-t", test, "-w", work,
                        "-b", pathlib.Path(shutil.which("wasm-reduce")).parent, *FEATURES, *REFERENCES], check=True)
        say(f"The smaller module is {work} ({work.stat().st_size} bytes).")
        return
    start, seed = time.monotonic(), options.seed
    last = options.seed + (options.count if options.count is not None else 10**9)
    while seed < last and (options.time is None or time.monotonic() - start < options.time):
        seeds = range(seed, min(seed + BATCH, last))
        batch(options, seeds)
        seed = seeds.stop
        say(f"{time.monotonic() - start:6.0f} s: {options.modules} modules (seeds {options.seed} to {seed - 1}), "
            f"{options.lines} results ("
            + ", ".join(f"{count} on {engine}" for engine, count in options.compared.items())
            + f"), {options.failures} differ, {len(options.nans)} in NaNs of lanes; traps: "
            + ", ".join(f"{count} {kind}" for kind, count in sorted(options.traps.items())))
    if options.refused:
        say(f"Of {options.refused} seeds, binaryen made no module, or one of a later WebAssembly.")
    if options.unanswered:
        say(f"Node ended before it ran {options.unanswered} modules.")
    if options.nans:
        say(f"These differ in NaNs of lanes, and agree where those are made one: {' '.join(options.nans)}")
    if options.modules == 0:
        sys.exit("no module was run")
    if silent := [name for name, count in options.compared.items() if count == 0]:
        sys.exit(f"nothing was compared with {' and '.join(silent)}")
    if options.unanswered > options.modules // 100:
        sys.exit("Node ended too often")
    sys.exit(1 if options.failures else 0)


if __name__ == "__main__":
    main()
