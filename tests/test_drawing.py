"""The engine that draws: one for each process, for all its threads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mapping import charts
from mapping.charts import drawing

ROOT = Path(__file__).resolve().parents[1]
FORKED = """
import os
from mapping import charts

def picture(label):
    return charts.bubble([{"x": "a", "y": label, "count": 1}], ["a"], [label])

charts.svg(picture("parent"))
child = os.fork()
if not child:
    try:
        charts.png(picture("child"))
    except RuntimeError as error:
        print(error, flush=True)
        os._exit(3)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_forked_from_one_that_has_drawn_says_so_and_does_not_wait_for_ever():
    done = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=ROOT, capture_output=True, text=True, timeout=240, check=True
    )

    assert done.stdout.splitlines() == [
        "Nothing can be drawn here: the process was forked from one that had drawn before.",
        "3",
    ]


def test_threads_that_draw_at_once_draw_what_each_of_them_asked_for():
    specs = [charts.bubble([{"x": "a", "y": f"Row {n}", "count": n + 1}], ["a"], [f"Row {n}"]) for n in range(8)]
    one_by_one = [charts.svg(spec) for spec in specs]
    drawing.svg_of.cache_clear()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(charts.svg, specs)) == one_by_one
        assert all(found[:5] == b"%PDF-" for found in threads.map(charts.pdf, specs[:4]))
