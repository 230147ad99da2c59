"""Labels of an axis are shortened so that they can still be told apart."""

import pytest

from mapping import charts
from mapping.charts import theme

TRIGGERED = [
    "Performance-triggered retraining of the model in production on new data",
    "Performance-triggered retraining of the model in production on all data",
    "Performance-triggered alerts to the team that owns the model, by mail",
    "Performance-triggered roll-back to the version that was in use before",
    "Performance-triggered retraining, begun by hand, of the model in production on new data",
]


@pytest.mark.parametrize(("letters", "lines"), [(30, 1), (16, 3), (34, 2), (12, 1)])
@pytest.mark.parametrize(
    "labels",
    [
        TRIGGERED,
        ["a" * 60 + end for end in ("x", "y", "z")],
        [
            f"The same beginning of many words, then {word}, and the same end of many"
            for word in ("one", "two")
        ],
        [
            "模型监控与数据漂移检测以及自动再训练流程管理平台设计" + end
            for end in ("甲", "乙", "丙")
        ],
        ["one two " * 20, "one two " * 21],
        ["short", "shorter", "short and sweet"],
    ],
)
def test_labels_of_an_axis_are_distinct_and_fit_their_room(labels, letters, lines):
    shown = theme.distinct_lines(labels, letters, lines)
    assert len({tuple(found) for found in shown}) == len(labels)
    for label, found in zip(labels, shown, strict=True):
        assert len(found) <= lines
        assert max(map(len, found)) <= letters
        if theme.is_whole(label, letters, lines):
            assert " ".join(found) == label


def test_columns_with_a_common_beginning_are_distinct_in_the_map():
    cells = [{"x": label, "y": "Drift", "count": 1} for label in TRIGGERED]
    drawn = charts.svg(charts.bubble(cells, TRIGGERED, ["Drift"]))
    for (shown,) in theme.distinct_lines(TRIGGERED, 30, 1):
        assert f">{shown}<" in drawn
    assert f"Drift × {TRIGGERED[0]}: 1 paper" in drawn
