"""The engine that draws: a process of its own for each process, for all its threads."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mapping import charts
from mapping.charts import engine, output
from mapping.charts.engine import Engine, NotDrawn

ROOT = Path(__file__).resolve().parents[2]
SPEC = {
    "mark": "point",
    "data": {"values": [{"a": 1}]},
    "encoding": {"x": {"field": "a", "type": "quantitative"}},
}
FORKED = """
import os
from mapping import charts

def picture(label):
    return charts.bubble([{"x": "a", "y": label, "count": 1}], ["a"], [label])

charts.svg(picture("parent"))
child = os.fork()
if not child:
    print("child" in charts.svg(picture("child")), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("again" in charts.svg(picture("again")))
"""
# The first process of this engine ends as soon as it is asked, those after it draw.
ENDS_ONCE = """
import os, runpy, sys
flag, program = sys.argv[1:]
try:
    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    sys.stdin.buffer.read(1)
except FileExistsError:
    runpy.run_path(program, run_name="__main__")
"""
HANGS = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")


@pytest.fixture
def made():
    """`made(…)`: an engine that is ended after the test."""
    engines = []

    def one(*args, **facts):
        engines.append(Engine(*args, **facts))
        return engines[-1]

    yield one
    for each in engines:
        each.end()


def test_a_forked_process_starts_its_own_engine():
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )

    assert done.stdout.split() == ["True", "True"]


def test_an_engine_that_ended_is_started_again(made):
    ours = made()
    first = ours.draw("svg", SPEC)
    os.kill(ours.process.pid, signal.SIGKILL)

    assert ours.draw("svg", SPEC) == first


def test_a_drawing_is_retried_when_the_engine_ends(made, tmp_path):
    ours = made((sys.executable, "-c", ENDS_ONCE, str(tmp_path / "flag"), engine.__file__))

    assert ours.draw("png", SPEC).startswith(b"\x89PNG")


def test_a_hanging_engine_is_ended_and_the_drawing_refused(made):
    ours = made(HANGS, patience=0)

    with pytest.raises(NotDrawn, match="the drawing engine does not answer"):
        ours.draw("svg", SPEC)
    assert ours.process is None


def test_an_invalid_chart_is_refused_with_the_reason_and_the_engine_survives(made):
    ours = made()
    with pytest.raises(NotDrawn, match="Vega"):
        ours.draw("svg", {"mark": "no such mark"})
    with pytest.raises(NotDrawn):
        ours.draw("svg", SPEC | {"data": {"url": "https://example.org/data.json"}})

    assert b"<svg" in ours.draw("svg", SPEC)


def test_warnings_of_the_engine_are_logged(made, caplog):
    broken = {
        **SPEC,
        "encoding": {**SPEC["encoding"], "tooltip": {"value": {"expr": "datum.a.b.c"}}},
    }
    made().draw("svg", broken)

    assert [record.name for record in caplog.records] == ["mapping.charts.engine"]


def test_concurrent_threads_get_their_own_pictures():
    specs = [
        charts.bubble([{"x": "a", "y": f"Row {n}", "count": n + 1}], ["a"], [f"Row {n}"])
        for n in range(8)
    ]
    one_by_one = [charts.svg(spec) for spec in specs]
    output.svg_of.cache_clear()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(charts.svg, specs)) == one_by_one
        assert all(found[:5] == b"%PDF-" for found in threads.map(charts.pdf, specs[:4]))
