"""Charts: the numbers that go in are the numbers that are seen, linked and told."""

import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache
from io import BytesIO
from pathlib import Path

import altair as alt
import pypdf
import pytest

from mapping import charts

SVG = "{http://www.w3.org/2000/svg}"
STAGES = ["1 manual", "2 automated"]
APPROACHES = ["CI/CD pipeline", "Retraining", "Monitoring and alerting of data and model"]
CHALLENGES = [
    "Drift",
    "Lack of talent and of interdisciplinary teams that understand both modelling and operations",
]
CELLS = [
    {"x": APPROACHES[0], "y": CHALLENGES[0], "count": 4, "href": "/s/mlops/map/?x=1&y=2"},
    {"x": APPROACHES[1], "y": CHALLENGES[0], "count": 16, "href": "?x=2"},
    {"x": APPROACHES[2], "y": CHALLENGES[1], "count": 1},
]


def drawn(spec, **more):
    return ET.fromstring(charts.svg(spec, **more))  # noqa: S314 (our own picture)


def elements(root, name):
    return list(root.iter(SVG + name))


def texts(root):
    """Every text of the picture; a label of several lines is one text."""
    return [" ".join(" ".join(text.itertext()).split()) for text in elements(root, "text")]


def links(root):
    return {link.get("aria-label"): link.get("href") for link in elements(root, "a")}


def radii(root):
    found = re.findall(
        r'd="M([\d.]+),0A[^"]*" fill="#2456a6"',
        ET.tostring(root, encoding="unicode").replace("ns0:", ""),
    )
    return sorted(float(radius) for radius in found)


@cache
def one_of_each():
    return {
        "bubble": charts.bubble(CELLS, APPROACHES, CHALLENGES, title="Map"),
        "back_to_back": charts.bubble(
            CELLS, APPROACHES, CHALLENGES, mirror=charts.Half([], STAGES)
        ),
        "bubble_by": charts.bubble_by([(2020, CELLS), (2021, [])], APPROACHES, CHALLENGES),
        "heatmap": charts.heatmap(CELLS, APPROACHES, CHALLENGES),
        "bars": charts.bars([{"label": "Drift", "count": 4, "href": "/a"}], of=8),
        "venues": charts.venues([{"label": "A", "count": 1}, {"label": "B", "count": 1}], limit=1),
        "trend": charts.trend(
            [
                {"label": "Drift", "year": 2020, "count": 1},
                {"label": "Drift", "year": 2022, "count": 3},
            ]
        ),
        "cooccurrence": charts.cooccurrence(["A", "B"], [[3, 1], [1, 2]]),
        "dot_whisker": charts.dot_whisker(
            [{"label": "Stage", "value": 0.5, "low": 0.2, "high": 0.7}], target=0.8
        ),
    }


def test_every_bubble_shows_its_count_and_links_to_its_papers():
    root = drawn(charts.bubble(CELLS, APPROACHES, CHALLENGES))

    assert sorted(text for text in texts(root) if text.isdigit()) == ["1", "16", "4"]
    assert links(root) == {
        "Drift × CI/CD pipeline: 4 papers": "/s/mlops/map/?x=1&y=2",
        "Drift × Retraining: 16 papers": "?x=2",
    }


def test_the_area_of_a_bubble_is_proportional_to_its_count():
    one, four, sixteen = radii(drawn(charts.bubble(CELLS, APPROACHES, CHALLENGES)))

    assert (four / one) ** 2 == pytest.approx(4, rel=0.01)
    assert (sixteen / one) ** 2 == pytest.approx(16, rel=0.01)


def test_cells_without_papers_are_named_and_have_no_link():
    root = drawn(charts.bubble([], APPROACHES, CHALLENGES))

    titles = [title.text for title in elements(root, "title")]
    assert titles == [f"{y} × {x}: 0 papers" for y in CHALLENGES for x in APPROACHES]
    assert elements(root, "a") == []
    assert radii(root) == []


def test_back_to_back_plots_share_axis_and_scale():
    stages = [{"x": STAGES[0], "y": "Drift", "count": 64}]
    spec = charts.bubble(
        CELLS,
        APPROACHES,
        CHALLENGES,
        x_title="Approaches",
        y_title="Challenges",
        mirror=charts.Half(stages, STAGES, "Stage"),
    )
    root = drawn(spec)

    assert texts(root).count("Drift") == 1
    assert {"Stage", "Approaches", "Challenges", "1 manual", "Retraining"} <= set(texts(root))
    one, _, _, sixty_four = radii(root)
    assert (sixty_four / one) ** 2 == pytest.approx(64, rel=0.02)
    assert charts.text_alternative(spec) == charts.Table(
        [
            "Challenges",
            *[f"Stage: {label}" for label in STAGES],
            *[f"Approaches: {label}" for label in APPROACHES],
        ],
        [["Drift", 64, 0, 4, 16, 0], [CHALLENGES[1], 0, 0, 0, 0, 1]],
    )


def test_small_plots_by_year_share_one_scale_and_name_their_year():
    spec = charts.bubble_by([(2020, CELLS[:1]), (2021, CELLS[1:2])], APPROACHES, CHALLENGES)

    four, sixteen = radii(drawn(spec))
    assert (sixteen / four) ** 2 == pytest.approx(4, rel=0.01)
    assert "2020, Drift × CI/CD pipeline: 4 papers" in links(drawn(spec))
    assert charts.text_alternative(spec).header[1] == "2020: CI/CD pipeline"


def test_a_count_outside_the_axes_is_refused():
    stray = [{"x": "Unheard of", "y": "Drift", "count": 1}]
    for chart in (charts.bubble, charts.heatmap):
        with pytest.raises(ValueError, match="no axis"):
            chart(stray, APPROACHES, CHALLENGES)
        with pytest.raises(ValueError, match="twice"):
            chart([CELLS[0], CELLS[0]], APPROACHES, CHALLENGES)
        with pytest.raises(ValueError, match="called “Drift”"):
            chart([], APPROACHES, ["Drift", "Drift "])
    with pytest.raises(ValueError, match="no axis"):
        charts.trend([{"label": "Drift", "year": 1999, "count": 1}], years=[2000])
    with pytest.raises(ValueError, match="twice"):
        charts.trend([{"label": "Drift", "year": 1999, "count": 1}] * 2)


def test_a_heat_map_prints_its_numbers_and_is_darker_for_larger_ones():
    root = drawn(charts.heatmap(CELLS, APPROACHES, CHALLENGES))

    fills = [path for path in elements(root, "path") if path.get("fill") == "#2456a6"]
    shades = [float(path.get("fill-opacity")) for path in fills]
    assert [text for text in texts(root) if text.isdigit()] == ["4", "16", "1"]
    assert shades[2] < shades[0] < shades[1] == 0.6


def test_co_occurrences_are_drawn_once_and_listed_in_full():
    spec = charts.cooccurrence(
        ["A", "B", "C"], [[7, 2, 0], [2, 5, 1], [0, 1, 9]], hrefs={(1, 0): "/a-and-b"}
    )
    root = drawn(spec)

    assert [text for text in texts(root) if text.isdigit()] == ["7", "2", "5", "1", "9"]
    assert links(root) == {"B × A: 2 papers": "/a-and-b"}
    assert charts.text_alternative(spec).rows == [["A", 7, 2, 0], ["B", 2, 5, 1], ["C", 0, 1, 9]]
    for wrong in ([[1, 2], [3, 4]], [[1]], [[1, 2], [2]]):
        with pytest.raises(ValueError, match="matrix"):
            charts.cooccurrence(["A", "B"], wrong)


def bar_lengths(root):
    paths = [path.get("d") for path in elements(root, "path") if path.get("fill") == "#2456a6"]
    return [float(re.match(r"M0,[\d.]+h([\d.]+)", path)[1]) for path in paths]


def test_bars_start_at_zero_and_carry_count_and_percentage():
    rows = [
        {"label": "Cost", "count": 5},
        {"label": "Drift", "count": 20, "href": "/drift"},
        {"label": "None", "count": 0},
    ]
    spec = charts.bars(rows, of=40)
    root = drawn(spec)

    five, twenty = [length for length in bar_lengths(root) if length]
    assert twenty / five == pytest.approx(4)
    assert {"5 (13 %)", "20 (50 %)", "0 (0 %)"} <= set(texts(root))
    assert links(root) == {"Drift: 20 papers, 50 % of 40": "/drift"}
    assert [row[0] for row in charts.text_alternative(spec).rows] == ["Cost", "Drift", "None"]
    rare = charts.bars([{"label": "A", "count": 1}, {"label": "B", "count": 999}], of=1000)
    assert [row[2] for row in charts.text_alternative(rare).rows] == ["<1 %", ">99 %"]
    by_count = charts.text_alternative(charts.bars(rows, by_count=True))
    assert by_count == charts.Table(["Code", "Papers"], [["Drift", 20], ["Cost", 5], ["None", 0]])


def test_venues_beyond_the_limit_are_summed_in_a_row_without_a_bar():
    spec = charts.venues(
        [{"label": f"Journal {number}", "count": number} for number in range(1, 31)],
        limit=2,
        of=465,
    )
    root = drawn(spec)

    assert charts.text_alternative(spec).rows == [
        ["Journal 30", 30, "6 %"],
        ["Journal 29", 29, "6 %"],
        ["28 other venues", 406, "87 %"],
    ]
    assert len(bar_lengths(root)) == 2
    assert "406 (87 %)" in texts(root)


def test_years_without_papers_are_drawn_as_zero():
    rows = [
        {"label": "Drift", "year": 2018, "count": 2},
        {"label": "Cost", "year": 2021, "count": 1, "href": "/cost"},
    ]
    spec = charts.trend(rows, labels=["Cost", "Drift"])

    assert charts.text_alternative(spec) == charts.Table(
        ["Code", "2018", "2019", "2020", "2021"], [["Cost", 0, 0, 0, 1], ["Drift", 2, 0, 0, 0]]
    )
    assert links(drawn(spec)) == {"Cost, 2021: 1 paper": "/cost"}
    assert texts(drawn(spec)).count("2018") == 2
    assert charts.text_alternative(charts.trend(rows, years=range(2017, 2022))).header[1] == "2017"


def circles(root):
    return [
        path
        for path in elements(root, "path")
        if path.get("fill") == "#2456a6" and "A" in path.get("d")
    ]


def test_an_undefined_coefficient_has_a_note_and_no_dot():
    rows = [
        {
            "label": "Stage",
            "value": 0.86,
            "low": 0.77,
            "high": 0.93,
            "note": "38 papers",
            "href": "/stage",
        },
        {"label": "Data available", "value": None, "note": "undefined: no variation"},
        {"label": "Tools", "value": 0.05},
    ]
    spec = charts.dot_whisker(rows, target=0.8)
    root = drawn(spec)

    assert len(circles(root)) == 2
    assert {"undefined: no variation", "—", ".86 [.77, .93]", ".05", "target .80"} <= set(
        texts(root)
    )
    assert links(root) == {"Stage: .86 [.77, .93], 38 papers": "/stage"}
    assert charts.text_alternative(spec).rows == [
        ["Stage", 0.86, 0.77, 0.93, "38 papers"],
        ["Data available", None, None, None, "undefined: no variation"],
        ["Tools", 0.05, None, None, ""],
    ]


def test_the_axis_of_agreement_has_fixed_ticks_and_extends_below_zero():
    axis = [".50", ".67", ".80", "1", "0"]
    positive = texts(
        drawn(charts.dot_whisker([{"label": "A", "value": 0.4, "low": 0.1, "high": 0.6}]))
    )
    negative = texts(
        drawn(charts.dot_whisker([{"label": "A", "value": -0.12, "low": -0.43, "high": 0.2}]))
    )

    assert set(axis) <= set(positive)
    assert {*axis, "−.50", "−.12 [−.43, .20]"} <= set(negative)
    assert "−.50" not in positive
    with pytest.raises(ValueError, match="one end"):
        charts.dot_whisker([{"label": "A", "value": 0.4, "low": 0.1}])


@pytest.mark.parametrize(
    "empty",
    [
        lambda: charts.bubble([], [], [], title="Map"),
        lambda: charts.bubble([], ["a"], [], mirror=charts.Half([], [])),
        lambda: charts.bubble_by([], [], []),
        lambda: charts.heatmap([], [], ["a"]),
        lambda: charts.bars([], of=0),
        lambda: charts.venues([]),
        lambda: charts.trend([]),
        lambda: charts.cooccurrence([], []),
        lambda: charts.dot_whisker([]),
    ],
)
def test_a_chart_without_rows_says_so(empty):
    spec = empty()
    assert {"No papers to show.", "No section to compare yet."} & set(texts(drawn(spec)))
    assert charts.text_alternative(spec).rows == []
    assert charts.png(spec)


def test_a_chart_in_which_everything_is_zero_can_be_drawn():
    assert texts(drawn(charts.bars([{"label": "Drift", "count": 0}], of=0)))
    assert texts(drawn(charts.cooccurrence(["A"], [[0]])))
    assert texts(drawn(charts.dot_whisker([{"label": "A", "value": None}])))


def fingerprints():
    return {
        name: hashlib.sha256(
            json.dumps(spec).encode() + charts.svg(spec).encode() + charts.png(spec, scale=1)
        ).hexdigest()
        for name, spec in one_of_each().items()
    }


def test_the_same_rows_give_the_same_bytes_in_another_process():
    program = (
        "import json; from tests.charts.test_charts import fingerprints; "
        "print(json.dumps(fingerprints()))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        check=True,
    )
    assert json.loads(other.stdout) == fingerprints() == fingerprints()


@pytest.mark.parametrize("name", sorted(one_of_each()))
def test_a_specification_is_valid_json_and_survives_a_round_trip(name, caplog):
    spec = one_of_each()[name]
    again = json.loads(json.dumps(spec))

    assert again == spec
    assert charts.svg(again) == charts.svg(spec)
    assert spec["description"]
    alt.Chart.from_dict(spec, validate=True)
    # Vega draws on after an error in an expression, and only says so here.
    assert caplog.messages == []


@pytest.mark.parametrize("name", sorted(one_of_each()))
def test_an_inline_chart_takes_the_pages_colours_and_has_no_style_or_script(name):
    inline = charts.svg(one_of_each()[name], inline=True)

    assert 'fill="currentColor"' in inline
    assert not set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', inline)) & {
        "#1f2328",
        "#5c6773",
        "#d3d8de",
        "#2456a6",
    }
    assert not re.search(r"<(style|script|image|foreignObject)|\sstyle=|\sid=|xlink|url\(", inline)


@pytest.mark.parametrize("name", sorted(one_of_each()))
def test_pictures_hold_no_address_except_links_and_svg_namespaces(name):
    found = set(re.findall(r"https?://[^\s\"<]+", charts.svg(one_of_each()[name])))
    assert found <= {"http://www.w3.org/2000/svg"}


def test_an_address_in_the_data_is_refused_and_not_fetched():
    spec = {"data": {"url": "http://127.0.0.1:9/rows.json"}, "mark": "point", "encoding": {}}
    for draw in (charts.svg, charts.png, charts.pdf):
        with pytest.raises(charts.NotDrawn, match="not allowed"):
            draw(spec)


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "//elsewhere.example/x", "data:text/html,x", "papers/"]
)
def test_a_link_with_an_unknown_scheme_is_refused(href):
    with pytest.raises(ValueError, match="does not link"):
        charts.bars([{"label": "Drift", "count": 1, "href": href}])


@pytest.mark.parametrize(
    "href", ["#papers", "?a=1&b=ä b", "/s/x/?q=\"<'", "https://doi.example/10.1/x"]
)
def test_a_link_is_drawn_unchanged(href):
    root = drawn(charts.bars([{"label": "Drift", "count": 1, "href": href}]))
    assert links(root) == {"Drift: 1 paper": href}


@pytest.mark.parametrize(
    "label",
    [
        "<script>alert('x')</script>",
        'say "no" & go',
        "constructor",
        "__proto__",
        "a\\nb",
        "数据质量",
        "\x0bvertical\x00",
        "{{x}}",
    ],
)
def test_a_label_may_hold_any_character(label):
    for spec in (charts.bars([{"label": label, "count": 1}]), charts.bubble([], [label], [label])):
        shown = " ".join(label.replace("\x0b", " ").replace("\x00", " ").split())
        assert shown in {text.replace("\n", " ") for text in texts(drawn(spec))}
        assert elements(drawn(spec), "script") == []


def test_a_long_label_is_cut_at_a_word_and_given_in_full_as_title():
    root = drawn(charts.bars([{"label": CHALLENGES[1], "count": 1}]))

    assert (
        "Lack of talent and of interdisciplinary teams that understand both modelling and …"
        in texts(root)
    )
    assert [title.text for title in elements(root, "title")] == [f"{CHALLENGES[1]}: 1 paper"]


def test_thirty_columns_are_slanted_and_all_named():
    labels = [f"Challenge number {number}" for number in range(30)]
    root = drawn(charts.bubble([], labels, ["Drift"]))
    assert set(labels) <= set(texts(root))


def test_a_picture_for_print_is_large_and_on_white():
    spec = charts.bubble(CELLS, APPROACHES, CHALLENGES)
    root = drawn(spec)

    width, height = struct.unpack(">II", charts.png(spec, scale=3)[16:24])
    assert width == pytest.approx(3 * float(root.get("width")), abs=3)
    assert height == pytest.approx(3 * float(root.get("height")), abs=3)
    text = pypdf.PdfReader(BytesIO(charts.pdf(spec))).pages[0].extract_text()
    assert "Retraining" in text
    assert "16" in text
