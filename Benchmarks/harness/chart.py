"""The chart: for each program a line, for each engine a mark at its time divided by gowasm-fast's."""

import pathlib

from harness.engines import REFERENCE
from harness.report import Table
from harness.runs import Result, format_time, say

MARKS = {"native": "D", "compiler": "s", "interpreter": "o"}
COLORS = ["#d62728", "#2ca02c", "#98df8a", "#1f77b4", "#7fb3dd", "#9467bd", "#ff7f0e", "#8c564b", "#17becf",
          "#bcbd22", "#e377c2"]


def chart(results: list[Result], path: pathlib.Path) -> None:
    try:
        import matplotlib
    except ImportError:
        say("matplotlib is not there: no chart")
        return
    matplotlib.use("svg")
    from matplotlib import pyplot

    # The same bytes for the same figures, and text that stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "gowasm-fast", "svg.fonttype": "none", "font.size": 9})
    table = Table(results)
    cases = [case for case in table.cases if table.median(case, REFERENCE) is not None]
    figure, axes = pyplot.subplots(figsize=(7.5, 1.2 + 0.27 * len(cases)))
    for place in range(len(cases)):
        axes.axhline(place, color="#eeeeee", linewidth=0.8, zorder=0)
    axes.axvline(1, color=COLORS[0], linewidth=1, zorder=1)
    others, greys = iter(COLORS * 3), iter(["#444444", "#999999"] * 2)
    for engine in table.engines:
        color = next(greys) if engine.kind == "native" else next(others)
        points = [(ratio, place) for place, case in enumerate(cases)
                  if (ratio := table.ratio(case, engine.name)) is not None]
        if points:
            axes.scatter(*zip(*points), label=engine.name, color=color, marker=MARKS[engine.kind], s=26, zorder=2,
                         alpha=0.9, linewidths=0)
    labels = [f"{case.name} ({format_time(table.median(case, REFERENCE) or 0)})" for case in cases]
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    axes.set_yticks(range(len(cases)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("time of the whole process divided by gowasm-fast's (logarithmic; further right is slower)")
    axes.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
