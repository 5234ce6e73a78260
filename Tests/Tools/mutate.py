#!/usr/bin/env python3
"""Breaks the engine on purpose, one place at a time, and runs its tests: each fault must be found.

Most are in templates of machine code (CSupport/Native), some in the bytecode. All are made in a copy of the repository.
What no test finds is said, and ends the check with 1: then a test is missing.
"""

import argparse
import dataclasses
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TESTS = "CSupportTests|WasmRuntimeTests|SpecTests"
# Seconds after which the tests, which take one minute, are taken for endless.
LIMIT = 300


@dataclasses.dataclass(frozen=True)
class Fault:
    """A place, and what it becomes."""

    title: str
    # In CSupport/Native, or from the repository's folder on.
    file: str
    text: str
    becomes: str


FAULTS = [
    Fault("a wrong condition", "X86/gw_x86_numeric.c", "CONDITION(LtS, CC_L)", "CONDITION(LtS, CC_LE)"),
    Fault("a comparison that takes the sign", "X86/gw_x86_numeric.c", "CONDITION(GeU, CC_AE)", "CONDITION(GeU, CC_GE)"),
    Fault("a missing zero-extension", "X86/gw_x86_numeric.c",
          "        load_source(c, false, r, s);\n        define_short(c, OPERAND(0), r);\n        return true;\n    }\n"
          "    case GWWasmOpcode_i64ExtendI32S:",
          "        load_source(c, true, r, s);\n        define_short(c, OPERAND(0), r);\n        return true;\n    }\n"
          "    case GWWasmOpcode_i64ExtendI32S:"),
    Fault("a wrong displacement", "X86/gw_x86_templates.h",
          "case GWMode_s: return stack_word(c, OPERAND(first));",
          "case GWMode_s: return stack_word(c, OPERAND(first) + 8);"),
    Fault("a dropped store", "X86/gw_x86_data.c",
          "slot++) gw_x86_store(X, true, RAX, slot_memory(slot));", "slot++) (void)slot;"),
    Fault("values that a jump does not find", "gw_native_compiler.h",
          "if (gw_is_live_at(&c->a, cell, (uint32_t)b->slots[r])) write_slot(c, b, r);", "(void)r, (void)cell;"),
    Fault("a shift that loses the sign", "X86/gw_x86_numeric.c", "EACH(ShrS, shift, shift_sar)",
          "EACH(ShrS, shift, shift_shr)"),
    Fault("a division without its check for overflow", "X86/gw_x86_numeric.c",
          "trap_if(c, CC_O, GWTrap_integerOverflow);", ";"),
    Fault("a bound that is one too high", "X86/gw_x86_control.c", "trap_if(c, CC_AE, GWTrap_undefinedElement);",
          "trap_if(c, CC_A, GWTrap_undefinedElement);"),
    Fault("an equality of floats that takes NaN", "X86/gw_x86_numeric.c",
          "uint8_t *unordered = gw_x86_short_jump_if(X, CC_P);", "uint8_t *unordered = gw_x86_short_jump_if(X, CC_NP);"),
    Fault("a stack pointer that keeps its high half", "X86/gw_x86_data.c",
          "gw_x86_immediate(X, false, X_ADD, SP, (int32_t)OPERAND(0))",
          "gw_x86_immediate(X, true, X_ADD, SP, (int32_t)OPERAND(0))"),
    Fault("a vector operation for another", "X86/gw_x86_vectors.c", "ROW(i16x8SubSatU, 0x66, 0x0FD9,",
          "ROW(i16x8SubSatU, 0x66, 0x0FE9,"),
    Fault("a return to the wrong place", "X86/gw_x86_control.c",
          "    gw_x86_load(X, true, RAX, gw_x86_at(FRAME, -16));\n", "    gw_x86_load(X, true, RAX, gw_x86_at(FRAME, -8));\n"),
    Fault("the first of two values for the last one", "gw_native_compiler.h",
          "(!found || kind == gw_effect_define)", "!found"),
    Fault("a register that is taken for a value of 32 bits", "gw_native_compiler.h",
          "    if (!is_float(c, b)) c->short_values &= ~(1u << best);\n", ""),
    Fault("an operand in the place of another", "CSupport/Loop/gw_handlers_numeric.inc",
          "? SLOT(select, 1) : SLOT(select, 2)", "? SLOT(select, 2) : SLOT(select, 1)"),
    Fault("loads that are not said to trap", "CSupport/include/gw_opcode_rows.h",
          "operands, load, wasm, GWFact_mayTrap, r, none, none, mode,", "operands, load, wasm, 0, r, none, none, mode,"),
    Fault("jumps that lead one cell too far", "Sources/WasmFrontend/Bytecode/Emitter.swift",
          "Int32(target - fixup.start)", "Int32(target - fixup.start + 1)"),
]


def copy(folder: pathlib.Path) -> None:
    """Makes a copy of what git knows and of what was changed since."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, text=True,
                           capture_output=True).stdout.splitlines()
    for name in names:
        source, target = ROOT / name, folder / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or source.read_bytes() != target.read_bytes():
            shutil.copy2(source, target)
    # The specification's tests, and what runs them; without them, which `make test` has, some faults are not found.
    for source, target in [(ROOT.parent / "shared", folder.parent / "shared"),
                           (ROOT / ".build-tools", folder / ".build-tools")]:
        if source.exists() and not target.exists():
            target.symlink_to(source)


def build(folder: pathlib.Path, swift: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([swift, "build", "--build-tests"], cwd=folder, text=True, capture_output=True, check=False)


def test(folder: pathlib.Path, swift: str) -> str:
    """Runs the tests; returns how they found the fault, and nothing where they did not."""
    process = subprocess.Popen([swift, "test", "--skip-build", "--filter", TESTS], cwd=folder, errors="replace",
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        # The tests run in a group of processes of their own.
        subprocess.run(["pkill", "-KILL", "--session", str(process.pid)], check=False)
        process.communicate()
        return "a test does not end"
    if process.returncode < 0 or "unexpected signal" in output:
        return "the process ended by a signal"
    return f"{sum('recorded an issue' in line for line in output.splitlines())} issues" if process.returncode else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="where the copy is made and kept")
    parser.add_argument("--swift", default="swift")
    parser.add_argument("--only", default="", help="faults with this in their title")
    parser.add_argument("--first", type=int, default=1, help="the number of the first fault")
    options = parser.parse_args()
    folder = options.folder.resolve() / "tree"
    copy(folder)
    missed = []
    faults = [fault for fault in FAULTS if options.only in fault.title]
    for number, fault in list(enumerate(faults, 1))[options.first - 1:]:
        path = folder / (fault.file if fault.file.startswith(("CSupport/", "Sources/")) else f"CSupport/Native/{fault.file}")
        text = path.read_text()
        if text.count(fault.text) != 1:
            sys.exit(f"{fault.file} has {text.count(fault.text)} places for {fault.title!r}: the check is out of date")
        begin = time.monotonic()
        path.write_text(text.replace(fault.text, fault.becomes))
        try:
            built = build(folder, options.swift)
            if built.returncode != 0:
                sys.exit(f"{fault.title}: does not compile:\n{built.stdout[-3000:]}{built.stderr[-3000:]}")
            found = test(folder, options.swift)
        finally:
            path.write_text(text)
        if not found:
            found = "NOT FOUND"
            missed.append(fault.title)
        print(f"{number:2} of {len(faults)}  {fault.title:48} {found}  ({time.monotonic() - begin:.0f} s)", flush=True)
    tried = max(0, len(faults) - options.first + 1)
    print(f"{tried - len(missed)} of {tried} faults were found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
