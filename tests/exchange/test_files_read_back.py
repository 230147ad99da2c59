"""Every file that leaves is read back by a reader that is not ours, and says what the database
says.
"""

import io
import json
import zipfile
from xml.etree import ElementTree

import jsonschema
import pandas as pd
import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalker
from pypdf import PdfReader

from mapping.exchange.table import plain
from mapping.models import Code, Finding, LogEntry, Paper
from mapping.parsers.lookalikes import visible
from mapping.protocol.files import FOLDER
from reviews.exchange.bundle import writer
from reviews.models import Mark
from tests.foreign_readers import csv_rows, is_live
from tests.making import make_code, make_paper, make_summary

LABELS = [
    "=1+1",
    "\u200b=hidden",
    "＝wide",
    "@at, comma; semicolon",
    "quotes \" and '",
    "Größe & 50 % of {x}_y #1 $2",
    "机器学习",
    "two  blanks",
    "-minus",
    "<b>bold</b> | pipe",
]


@pytest.fixture
def hard(study, ada, ben, cleo):
    """A settled study whose every word is hard to write down."""
    section = study.sections.get(key="challenges")
    section.label = "=Challenges & 50 %, <all>"
    section.save()
    for label in LABELS:
        make_code(section, label, definition=f"{label}\nsecond line", example=label, when_not=label)
    for number, label in enumerate(LABELS):
        paper = make_paper(
            study,
            f"{label}: title",
            key=f"p{number}",
            authors=f"{label}; Müller, Jörg",
            venue=label,
            abstract=f"{label}\n\n=second",
            year=2020 + number % 3,
            doi=f"10.1000/a_{number}",
        )
        other = LABELS[(number + 1) % len(LABELS)]
        make_summary(paper, ben, answers={"challenges": [label], "conclusion": f"{label}\nlast"})
        make_summary(paper, cleo, answers={"challenges": [other, label], "conclusion": "Fine."})
        finding = Finding.objects.create(paper=paper, section=section, settled_at=timezone.now())
        for one in (label, other):
            code = Code.objects.get(section=section, label=one)
            finding.marks.create(code=code, quote=f"{one} quoted", rationale=one, page="1–2")
        LogEntry.objects.record(study, ada, "settle", f"{label} settled.", paper=paper)
    Mark.objects.update(quote="“=quoted”,\r\nnext", rationale="+why", page="-1")
    return study


def body(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


CSV_PAGES = ["papers", "evidence", "queue", "disagreements"]


def test_every_table_as_csv_is_sound_and_none_of_its_cells_runs(hard, as_user, ada, ben):
    client, slug = as_user(ada), hard.slug
    addresses = [f"/s/{slug}/export/{name}" for name in writer.TABLES]
    addresses += [f"{reverse(name, args=[slug])}?format=csv" for name in CSV_PAGES]
    addresses += [f"{reverse('round', args=[slug, hard.rounds.get().pk])}?format=csv"]
    addresses += [
        reverse(name, args=[slug]) for name in ("log-csv", "agreement-csv", "agreement-codes-csv")
    ]
    addresses += [f"{reverse('map-csv', args=[slug])}?{query}" for query in MAPS]
    addresses += [f"/s/{slug}/codebook/codebook.csv"]
    for address in addresses:
        text = body(client.get(address)).decode()
        rows = csv_rows(text)
        assert text.endswith("\r\n"), address
        assert all(None not in row and None not in row.values() for row in rows), address
        cells = [cell for row in rows for cell in (*row, *row.values())]
        assert [cell for cell in cells if is_live(cell)] == [], address


MAPS = [
    "y=challenges&x=year",
    "y=challenges&x=challenges&kind=cooccurrence",
    "kind=bars&y=challenges",
    "kind=venues",
    "y=year&x=challenges&shares=on",
    "y=challenges&x=year&third=venue",
]


def test_what_the_tables_say_is_what_the_database_says(hard, as_user, ada):
    client = as_user(ada)

    def table(name):
        text = body(client.get(f"/s/{hard.slug}/export/{name}")).decode()
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)

    papers = table("papers.csv")
    for name in ("key", "title", "authors", "venue", "abstract", "doi"):
        wanted = list(Paper.objects.order_by("pk").values_list(name, flat=True))
        assert [plain(cell) for cell in papers[name]] == wanted, name
    codings = table("codings.csv")
    given = codings[(codings.section == "challenges") & (codings.reviewer == "ben")]
    assert sorted(plain(cell) for cell in given.value) == sorted(LABELS)
    assert {plain(cell) for cell in given.quote} == {"“=quoted”,\nnext"}
    codebook = table("codebook.csv")
    assert {plain(cell) for cell in codebook.label} == set(
        Code.objects.values_list("label", flat=True)
    )
    assert {plain(cell) for cell in table("findings.csv").value} == set(LABELS)
    onehot = table("findings_onehot.csv")
    assert {plain(name) for name in onehot.columns} >= {f"challenges: {label}" for label in LABELS}
    evidence = csv_rows(body(client.get(f"/s/{hard.slug}/evidence/?format=csv")).decode())
    assert {plain(row["code"]) for row in evidence} == set(LABELS)
    counted = csv_rows(
        body(client.get(f"/s/{hard.slug}/map/table.csv?y=challenges&x=year")).decode()
    )
    labels = {visible(label) for label in LABELS}
    assert {plain(row["'=Challenges & 50 %, <all>"]) for row in counted} >= labels


def test_workbooks_hold_the_same_cells_as_text(hard, as_user, ada):
    client = as_user(ada)
    for name in ("study.xlsx", "papers.xlsx", "codings.xlsx", "findings_onehot.xlsx"):
        book = load_workbook(io.BytesIO(body(client.get(f"/s/{hard.slug}/export/{name}"))))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert "f" not in {cell.data_type for cell in cells}, name
        texts = {cell.value for cell in cells if isinstance(cell.value, str)}
        assert [text for text in texts if is_live(text)] == [], name
    papers = load_workbook(io.BytesIO(body(client.get(f"/s/{hard.slug}/export/papers.xlsx"))))[
        "papers"
    ]
    titles = [plain(row[1]) for row in papers.iter_rows(min_row=2, values_only=True)]
    assert titles == list(Paper.objects.order_by("pk").values_list("title", flat=True))


def test_json_is_sound_and_the_protocol_fits_its_schema(hard, as_user, ada):
    client = as_user(ada)
    schema = json.loads((FOLDER / "protocol.schema.json").read_text())
    for address in (f"/s/{hard.slug}/protocol.json", f"/s/{hard.slug}/export/protocol.json"):
        found = json.loads(body(client.get(address)))
        jsonschema.validate(found, schema)
        assert set(LABELS) <= {
            code["label"] for section in found["sections"] for code in section.get("codes", [])
        }
    for name in writer.TABLES:
        found = json.loads(body(client.get(f"/s/{hard.slug}/api/{name.replace('.csv', '.json')}")))
        assert all(list(row) == found["columns"] for row in found["rows"]), name
    papers = json.loads(body(client.get(f"/s/{hard.slug}/api/papers.json")))["rows"]
    assert [paper["title"] for paper in papers] == list(
        Paper.objects.order_by("pk").values_list("title", flat=True)
    )


def test_the_bundle_is_a_zip_of_sound_files(hard, as_user, ada):
    content = body(as_user(ada).get(f"/s/{hard.slug}/export/bundle.zip"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            if name.endswith(".csv"):
                rows = csv_rows(text)
                assert all(None not in row and None not in row.values() for row in rows), name
                assert [c for row in rows for c in (*row, *row.values()) if is_live(c)] == [], name
            elif name.endswith(".json"):
                json.loads(text)
            elif name.endswith(".py"):
                compile(text, name, "exec")


@pytest.mark.parametrize("query", MAPS)
def test_figures_are_what_they_say_they_are(query, hard, as_user, ada):
    client, where = as_user(ada), f"/s/{hard.slug}/map/figure"
    svg = ElementTree.fromstring(  # noqa: S314 - our own file
        body(client.get(f"{where}.svg?{query}"))
    )
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    png = body(client.get(f"{where}.png?{query}"))
    assert (png[:8], png[12:16], png[-8:-4]) == (b"\x89PNG\r\n\x1a\n", b"IHDR", b"IEND")
    assert len(PdfReader(io.BytesIO(body(client.get(f"{where}.pdf?{query}")))).pages) == 1


def test_the_flow_of_papers_is_sound_svg(hard, as_user, ada):
    drawn = body(as_user(ada).get(reverse("flow-svg", args=[hard.slug])))
    assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - our own file


def test_latex_and_markdown_say_the_labels_and_nothing_in_them_acts(hard, as_user, ada):
    client, slug = as_user(ada), hard.slug
    for address in (f"map/table.tex?{MAPS[0]}", "codebook/codebook.tex", "agreement/agreement.tex"):
        text = body(client.get(f"/s/{slug}/{address}")).decode()
        LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
        # pylatexenc does not know these two by their names.
        text = text.replace(r"\textless{}", "<").replace(r"\textgreater{}", ">")
        told = " ".join(LatexNodes2Text().latex_to_text(text).split())
        labels = ["=Challenges & 50 %, <all>"] if "agreement" in address else LABELS
        for label in labels:
            # The map leaves out what nobody sees, the other tables keep it.
            wanted = {seen.replace('"', "”") for seen in (" ".join(label.split()), visible(label))}
            assert any(one in told.replace("''", "”") for one in wanted), (address, label)
    for address in ("codebook/codebook.md", "agreement/agreement.md"):
        text = body(client.get(f"/s/{slug}/{address}")).decode()
        assert "<b>" not in text.replace("\\<", ""), address
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in rows}) <= 1, address
