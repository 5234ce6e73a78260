"""Running commands alternately, checking what they print, and collecting what they take."""

import dataclasses
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from harness.engines import REFERENCE, Engine
from harness.programs import Case, Toolchain, digest

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Sample:
    wall: float  # seconds
    user: float  # seconds
    system: float  # seconds
    memory: int  # peak of the resident memory in KiB


@dataclasses.dataclass
class Result:
    case: Case
    engine: Engine
    samples: list[Sample]
    # Seconds that the first run took, which is not among the samples if it was short.
    first: float

    def median(self, what: str) -> float:
        return statistics.median(getattr(sample, what) for sample in self.samples)


@dataclasses.dataclass
class Budget:
    # Runs of a command at most, and seconds at most for the runs of one engine; each runs at least once.
    rounds: int
    seconds: float
    # Seconds after which a run is given up.
    limit: int


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Runner:
    """Runs commands through measure.c."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.measure = folder / "measure"
        compiler = next((name for name in ("cc", "clang", "gcc") if _exists(name)), "cc")
        subprocess.run([compiler, "-O2", "-o", str(self.measure), str(HERE / "measure.c")], check=True)

    def run(self, words: list[str], environment: dict[str, str], limit: int) -> tuple[Sample, bytes, int, str]:
        """Returns what a command took, its standard output, its exit code and the last line of its standard error."""
        output, errors = self.folder / "output", self.folder / "errors"
        text = subprocess.run([str(self.measure), str(limit), str(output), str(errors), *words], env=environment,
                              check=True, capture_output=True, text=True).stdout.split()
        sample = Sample(float(text[0]), float(text[1]), float(text[2]), int(text[3]))
        message = (errors.read_text(errors="replace").strip().splitlines() or [""])[-1]
        return sample, output.read_bytes(), int(text[4]), message


def _exists(command: str) -> bool:
    return any(os.access(os.path.join(folder, command), os.X_OK) for folder in os.environ["PATH"].split(os.pathsep))


def measure(case: Case, engines: list[Engine], fields: dict[str, str], toolchain: Toolchain, runner: Runner,
            budget: Budget) -> list[Result]:
    """Times the case on every engine that prints what the native program prints."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TMPDIR": "/tmp", **toolchain.host}
    out = runner.folder / "out.o"
    fields = {**fields, **toolchain.fields(case), "out": str(out)}
    work = runner.folder / "work"
    fields["folder"] = str(work)
    fields["granting"] = f"--dir {work}" if case.uses_folder else ""
    fields["options"] = "--allow-all --inherit-env" if case.files else fields["granting"]
    arguments = case.size.format(**fields).split()

    def run(engine: Engine) -> tuple[Sample, bytes, int, str]:
        kind = engine.build
        built = toolchain.build(case.program, kind)
        out.unlink(missing_ok=True)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        variables = dict(text.split("=", 1) for text in engine.variables)
        sample, output, code, message = runner.run(
            engine.words({**fields, kind: built, "wasm": built}, arguments), environment | variables, budget.limit)
        return sample, output + (digest(out) if case.leaves_file else b""), code, message

    judge = Engine("native", "native", "{native} {args}", "")
    if case.js_only:
        judge = next((engine for engine in reversed(engines) if engine.build == "js"), judge)
    _, expected, code, message = run(judge)
    if code != 0 or (case.leaves_file and not out.exists()):
        raise SystemExit(f"{case.name} on {judge.name} fails with exit code {code}: {message}")
    results: list[Result] = []
    for engine in engines:
        if not case.builds(engine.build) or case.heavy and is_slow(engine):
            continue
        sample, output, code, message = run(engine)
        if code != 0 or output != expected:
            what = "gave up" if code == 124 else f"exit code {code}" if code != 0 else f"WRONG OUTPUT {output[:60]!r}"
            say(f"    {engine.name}: {what}; it is left out ({message[:200]})")
            continue
        # What ran first was not in memory, which matters for what is short; what is long is not run again for it.
        results.append(Result(case, engine, [sample] if sample.wall > budget.seconds / 3 else [], sample.wall))
    turns = {result.engine.name: _turns(result, budget) for result in results}
    rounds = max(turns.values(), default=0)
    for number in range(rounds):
        order = results if number % 2 == 0 else list(reversed(results))
        for result in order:
            # An engine with few turns takes them spread over the rounds.
            mine = turns[result.engine.name]
            if (number + 1) * mine // rounds > number * mine // rounds:
                sample, output, code, _ = run(result.engine)
                if code != 0 or output != expected:
                    raise SystemExit(f"{result.engine.name} did not print the same again for {case.name}.")
                result.samples.append(sample)
    for result in results:
        say(f"    {result.engine.name}: {format_time(result.median('wall'))} ({len(result.samples)} runs)")
    return results


def _turns(result: Result, budget: Budget) -> int:
    wanted = int(budget.seconds / max(result.first, 0.001)) - len(result.samples)
    return max(1 - len(result.samples), min(budget.rounds, wanted))


def is_slow(engine: Engine) -> bool:
    """Whether it does not run heavy cases."""
    return engine.kind == "interpreter" and not engine.name.startswith(REFERENCE)


def format_time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
