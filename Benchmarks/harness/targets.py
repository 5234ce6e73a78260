"""What gowasm-fast shall reach beside Node and native Go, and a sentence for each that says what was measured."""

import dataclasses
from collections.abc import Callable

from harness.engines import INTERPRETED, NATIVE, REFERENCE, RIVAL, UNKEPT
from harness.programs import START_UP, Case
from harness.report import Table, number
from harness.runs import format_time


@dataclasses.dataclass(frozen=True)
class Target:
    # What is measured, as the beginning of a sentence.
    what: str
    # The figure, and what is to be said about it in brackets; None where something that it needs was not run.
    figure: Callable[[Table], tuple[float, str] | None]
    # What it shall be at least, or at most.
    least: float | None = None
    most: float | None = None
    unit: str = "times"

    def sentence(self, table: Table) -> str:
        wanted = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        figure = self.figure(table)
        if figure is None:
            return f"{self.what}: not measured (wanted: {wanted} {self.unit})."
        value, remark = figure
        reached = value >= self.least if self.least is not None else value <= (self.most or 0)
        return (f"{self.what}: {number(value)} {self.unit}{f' ({remark})' if remark else ''}; wanted: {wanted}, "
                f"{'reached' if reached else 'NOT reached'}.")


def _mean(engine: str, what: str) -> Callable[[Table], tuple[float, str] | None]:
    """The geometric mean of an engine's time divided by gowasm-fast's."""
    def figure(table: Table) -> tuple[float, str] | None:
        means = table.means(engine, what)
        return (means[0], f"{means[1]} programs, the smallest {number(means[2])}, {means[3]}") if means else None
    return figure


def _slowest(table: Table) -> tuple[float, str] | None:
    means = table.means(RIVAL)
    return (means[2], means[3]) if means else None


def _beside_native(table: Table) -> tuple[float, str] | None:
    """The geometric mean of gowasm-fast's user time divided by native Go's."""
    means = table.means(REFERENCE, "user", base=NATIVE)
    if means is None:
        return None
    largest = max((ratio, case.name) for case in table.cases
                  if case.counts and (ratio := table.ratio(case, REFERENCE, "user", base=NATIVE)) is not None)
    return means[0], f"{means[1]} programs, the largest {number(largest[0])}, {largest[1]}"


def _faster(program: str, title: str = "") -> Callable[[Table], tuple[float, str] | None]:
    """How much faster a program runs here than on Node, by wall time."""
    def figure(table: Table) -> tuple[float, str] | None:
        for case in table.cases:
            if case.program == program and title in ("", case.title or case.size):
                ratio = table.ratio(case, RIVAL)
                return None if ratio is None else (ratio, _times(table, case, RIVAL))
        return None
    return figure


def _times(table: Table, case: Case, other: str) -> str:
    return (f"{format_time(table.median(case, REFERENCE) or 0)} here, "
            f"{format_time(table.median(case, other) or 0)} with {other}")


def _calls_without_start(table: Table) -> tuple[float, str] | None:
    """fib 40 here divided by Node's, each without its start."""
    case = next((case for case in table.cases if (case.program, case.size) == ("fib", "40")), None)
    ratio = table.ratio(case, RIVAL, start=False) if case else None
    return (1 / ratio, _times(table, case, RIVAL)) if case and ratio else None


TARGETS = [
    Target("Node's wall time of whole processes, divided by gowasm-fast's", _mean(RIVAL, "wall"), least=2),
    Target("Node's user time, divided by gowasm-fast's", _mean(RIVAL, "user"), least=2.4),
    Target("Node's wall time divided by gowasm-fast's, of the program for which this is least", _slowest, least=1),
    Target("gowasm-fast's user time, divided by that of native Go without assembly", _beside_native, most=3),
    Target("fib 40 without the start, gowasm-fast's time divided by Node's", _calls_without_start, most=1),
    Target("`cmd/compile` of strconv is faster than on Node by", _faster("compile", "strconv"), least=5),
    Target("Writes to files are faster than on Node by", _faster("writes"), least=2.5),
    Target("Calls of js.Value are faster than on Node by", _faster("jscalls"), least=2.5),
    Target("Timers and callbacks are faster than on Node by", _faster("callbacks"), least=1),
]


def sentences(table: Table) -> list[str]:
    """A sentence for each target, and what else is compared with earlier runs only."""
    lines = [f"* {target.sentence(table)}" for target in TARGETS]
    kept, unkept = table.median(START_UP, REFERENCE), table.median(START_UP, UNKEPT)
    if kept is not None and unkept is not None:
        lines.append(f"* A start ({START_UP.name}) takes {format_time(kept)}, the first time {format_time(unkept)}.")
    interpreted = table.means(INTERPRETED)
    if interpreted is not None:
        user = table.means(INTERPRETED, "user")
        lines.append(f"* Without machine code ({INTERPRETED}) programs take {number(interpreted[0])} times as long"
                     + (f", {number(user[0])} times the user time" if user else "")
                     + f" ({interpreted[1]} programs).")
    return lines
