"""The Markdown tables."""

import dataclasses
import math
from collections.abc import Callable, Iterable

from harness.engines import REFERENCE, REFERENCE_WASI, RIVAL, UNKEPT_WASI
from harness.programs import START_UP, Case
from harness.runs import Result, format_time, is_slow


class Table:
    """Results by case and engine."""

    def __init__(self, results: list[Result]) -> None:
        self.results = {(r.case, r.engine.name): r for r in results}
        self.cases = list(dict.fromkeys(r.case for r in results))
        self.engines = list({r.engine.name: r.engine for r in results}.values())
        self.engines.sort(key=lambda engine: (engine.name != REFERENCE, engine.name != RIVAL))

    def median(self, case: Case, engine: str, what: str = "wall") -> float | None:
        result = self.results.get((case, engine))
        return result.median(what) if result else None

    def ratio(self, case: Case, engine: str, what: str = "wall", start: bool = True,
              base: str = REFERENCE) -> float | None:
        """How many times as long (or as much) as gowasm-fast's; without the times of the start-up program if asked."""
        ours, other = self.median(case, base, what), self.median(case, engine, what)
        if ours is None or other is None:
            return None
        if not start:
            our_start, other_start = self.median(START_UP, base, what), self.median(START_UP, engine, what)
            if our_start is None or other_start is None:
                return None
            # What is mostly start-up says nothing about the rest.
            if ours < 2 * our_start or other < 1.2 * other_start:
                return None
            ours, other = ours - our_start, other - other_start
        # User seconds are counted in steps of 10 ms on some systems: what took none of them has no ratio.
        return other / ours if ours > 0 and other > 0 else None

    def means(self, engine: str, what: str = "wall", start: bool = True,
              base: str = REFERENCE) -> tuple[float, int, float, str] | None:
        """The geometric mean of the ratios, their number, the smallest, and where that is."""
        ratios = [(ratio, case.name) for case in self.cases if case.counts
                  if (ratio := self.ratio(case, engine, what, start, base)) is not None]
        if not ratios:
            return None
        mean = math.exp(sum(math.log(ratio) for ratio, _ in ratios) / len(ratios))
        return (mean, len(ratios), *min(ratios))


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def header(first: list[str], rest: list[str]) -> list[str]:
    return [row([*first, *rest]), row(["---"] * len(first) + ["---:"] * len(rest))]


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def means(table: Table) -> list[str]:
    lines = ["How many times as much as gowasm-fast an engine takes: geometric means of the programs marked with •.",
             "", *header(["engine", "what it is"],
                     ["programs", "wall time", "least wall time (program)", "user time", "wall time without start-up",
                      "peak memory", "both WASI: wall time", "both WASI: least (program)",
                      "both WASI, gowasm-fast cold"])]
    for engine in table.engines:
        whole, user = table.means(engine.name), table.means(engine.name, "user")
        rest, memory = table.means(engine.name, start=False), table.means(engine.name, "memory")
        if whole is None or user is None or memory is None:
            continue
        smallest = f"{number(whole[2])} ({whole[3]})" if engine.name != REFERENCE else ""
        is_wasi = engine.build == "wasip1" and engine.name not in (REFERENCE_WASI, UNKEPT_WASI)
        same = table.means(engine.name, base=REFERENCE_WASI) if is_wasi else None
        unkept = table.means(engine.name, base=UNKEPT_WASI) if is_wasi else None
        lines.append(row([engine.name, engine.kind, str(whole[1]), number(whole[0]), smallest, number(user[0]),
                          f"{number(rest[0])} ({rest[1]})" if rest else "", number(memory[0]),
                          *([number(same[0]), f"{number(same[2])} ({same[3]})"] if same else ["", ""]),
                          number(unkept[0]) if unkept else ""]))
    return lines + ["", "2 means twice the time, or memory, of gowasm-fast, and 0.5 half of it. 'Least' is the program "
                    "for which an engine does best. 'Without start-up': from both times that of fib 10 is taken off, "
                    "which is all start; programs of which that leaves little are left out (in brackets: how many there "
                    "are). 'Both WASI': engines without JavaScript run the programs as built for wasip1, and here they "
                    "are compared with gowasm-fast running the same build. gowasm-fast keeps the bytecode of a program "
                    "for its next run: 'cold', and '(nothing kept)' in a name, is without that (GOWASM_CACHE=off)."]


def matrix(table: Table, what: str, format: str) -> list[str]:
    """A row for each case, a column for each engine."""
    lines = header(["program"], [engine.name for engine in table.engines])
    for case in table.cases:
        cells = []
        for engine in table.engines:
            value = table.median(case, engine.name, what)
            ratio = table.ratio(case, engine.name, what)
            if value is None:
                cells.append("–" if not (case.heavy and is_slow(engine)) else "")
            elif format == "MiB":
                cells.append(f"{value / 1024:.1f}")
            elif engine.name == REFERENCE or ratio is None:
                cells.append(format_time(value))
            else:
                cells.append(f"{format_time(value)} ({number(ratio)})")
        lines.append(row([f"{case.name}{' •' if case.counts else ''}", *cells]))
    return lines


def spread(table: Table) -> list[str]:
    """How far the runs of gowasm-fast and its rival lie apart."""
    lines = header(["program"], [f"{name}: {what}" for name in (REFERENCE, RIVAL) for what in ("runs", "fastest to slowest")])
    for case in table.cases:
        cells = []
        for name in (REFERENCE, RIVAL):
            result = table.results.get((case, name))
            walls = [sample.wall for sample in result.samples] if result else []
            cells += [str(len(walls)), f"{format_time(min(walls))} to {format_time(max(walls))}"] if walls else ["", ""]
        lines.append(row([case.name, *cells]))
    return lines


def without_start_up(table: Table) -> list[str]:
    """gowasm-fast beside its rival, without the times of the start-up program."""
    lines = []
    for case in table.cases:
        ratio = table.ratio(case, RIVAL, start=False)
        ours, other = table.median(case, REFERENCE), table.median(case, RIVAL)
        if ratio and ours is not None and other is not None:
            start = table.median(START_UP, REFERENCE) or 0
            lines.append(row([case.name, format_time(ours - start), format_time(other - (table.median(START_UP, RIVAL) or 0)),
                              number(1 / ratio)]))
    return [*header(["program"], [REFERENCE, RIVAL, f"{REFERENCE} / {RIVAL}"]), *lines] if lines else []


def document(results: list[Result], about: list[str], goals: Callable[[Table], list[str]] | None = None) -> str:
    """The whole page; `goals` makes the lines that say what was to be reached."""
    table = Table(results)
    several = len(table.engines) > 1
    parts = ["# Benchmark results", "", *about, ""]
    if several and table.means(RIVAL) is not None:
        parts += [*means(table), ""]
    if goals and table.means(RIVAL) is not None:
        parts += ["## What is aimed at", "", *goals(table), ""]
    parts += ["## Whole processes, medians of wall time", "",
              "In brackets: how many times as long as gowasm-fast. – means that the engine does not run the program.",
              "",
              *matrix(table, "wall", "time"), ""]
    rest = without_start_up(table)
    if rest:
        parts += [f"## {REFERENCE} and {RIVAL} without start-up", "",
                  f"Wall time, with each engine's median of {START_UP.name} taken off.", "", *rest, ""]
    parts += ["## User time, medians", "", *matrix(table, "user", "time"), "",
              "## Peak memory in MiB, medians", "", *matrix(table, "memory", "MiB"), "",
              "## How far the runs lie apart, wall time", "", *spread(table), ""]
    return "\n".join(parts)


def rows(results: list[Result]) -> list[dict[str, object]]:
    """All figures, for other programs."""
    return [{"program": r.case.name, "engine": r.engine.name, "samples": [dataclasses.asdict(s) for s in r.samples]}
            for r in results]
