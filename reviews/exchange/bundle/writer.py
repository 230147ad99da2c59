"""The bundle: everything of a study in one ZIP, the same bytes whenever it is made from the same
state.
"""

import json
import zipfile
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.template.loader import render_to_string

from mapping.exchange import citations
from mapping.exchange.study_tables import CODEBOOK, ONEHOT, PAPERS, WIDE
from mapping.exchange.table import cell, lines
from mapping.models import Paper
from mapping.protocol import files as protocol_files
from reviews.agreement.tables import AGREEMENT, AGREEMENT_CODES
from reviews.exchange.tables import records
from reviews.exchange.tables.codings import CODINGS, FINDINGS
from reviews.exchange.tables.history import CHANGES, LOG
from reviews.exchange.tables.records import REMARKS, RESOLUTIONS

FORMAT = 2
# The files that people ask for one by one.
TABLES = {
    table.name: table
    for table in (
        PAPERS,
        CODINGS,
        FINDINGS,
        WIDE,
        ONEHOT,
        CODEBOOK,
        CHANGES,
        AGREEMENT,
        AGREEMENT_CODES,
        RESOLUTIONS,
        REMARKS,
        LOG,
    )
}
FURTHER = {table.name: table for table in records.FURTHER}
# Bundles made before there were these come in without them.
LATER = {table.name for table in (*TABLES.values(), *FURTHER.values()) if table.is_later}
REFERENCES = {"papers.bib": "The papers as BibTeX.", "papers.ris": "The papers as RIS."}
SCRIPTS = Path(__file__).resolve().parent.parent / "analysis"
SCRIPT_NAMES = ("analysis.py", "analysis.R")
# The first moment that a ZIP can name: no clock shall make two bundles differ.
MOMENT = (1980, 1, 1, 0, 0, 0)


def references(name, scope, papers=None):
    """papers.bib or papers.ris in pieces."""
    return citations.pieces(name, scope.of(Paper) if papers is None else papers)


def pages(name, scope):
    """Any file of the bundle in pieces of text."""
    if name in REFERENCES:
        return references(name, scope)
    if name == "protocol.json":
        return [json.dumps(protocol_files.dump(scope.study), ensure_ascii=False, indent=2) + "\n"]
    if name == "study.json":
        return [json.dumps(about(scope), ensure_ascii=False, indent=2) + "\n"]
    if name in SCRIPT_NAMES:
        return [(SCRIPTS / name).read_text(encoding="utf-8")]
    return lines({**TABLES, **FURTHER}[name], scope)


def about(scope):
    """What of the study stands in no other file."""
    study = scope.study
    return {
        "concord_bundle": FORMAT,
        "slug": study.slug,
        "template_name": study.template_name,
        "created_at": cell(study.created_at),
        "created_by": scope.person(study.created_by),
        "released_at": cell(study.released_at),
        "is_whole": scope.is_whole,
        "has_pseudonyms": bool(scope.pseudonyms),
    }


NAMES = (*TABLES, *REFERENCES, "protocol.json", "study.json", *FURTHER, *SCRIPT_NAMES)


@contextmanager
def one_moment():
    """Everything read inside is of one moment, however long it takes and whoever codes
    meanwhile.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def write(scope, target):
    """Write the ZIP to a path or a binary file. Returns `{file: rows}` of its tables."""
    counts = {}
    with one_moment(), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        scope.study.refresh_from_db()
        for name in NAMES:
            counts[name] = add(archive, name, pages(name, scope))
        rows = {name: counts[name] for name in {**TABLES, **FURTHER}}
        add(archive, "README.md", [readme(scope, rows)])
    return rows


def add(archive, name, pieces):
    """Returns how many rows a table has: line ends within cells stand in quotation marks and are no
    rows.
    """
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    rows = 0
    # Zip64 from the start: how large a table becomes is known at its end alone.
    with archive.open(entry, "w", force_zip64=True) as file:
        for piece in pieces:
            rows += piece.count("\r\n")
            file.write(piece.encode())
    return max(rows - 1, 0)


def readme(scope, rows):
    """The data dictionary, with what is in the bundle and what is not."""
    parts = {
        "study": scope.study,
        "scope": scope,
        "statistics_off": scope.words(scope.study.statistics_off_reason),
        "tables": [(table, table.columns_of(scope), rows[name]) for name, table in TABLES.items()],
        "further": [
            (table, table.columns_of(scope), rows[name]) for name, table in FURTHER.items()
        ],
        "references": list(REFERENCES.items()),
    }
    return render_to_string("exchange/bundle/README.md", parts)
