"""The codebook out of a bundle, with the history of its changes."""

from mapping.exchange.study_tables import CODEBOOK
from mapping.models import Code, CodebookChange
from reviews.exchange.tables.history import CHANGES

# A number far beyond would leave none for the codes that are still to come.
MOST_CODES = 1_000_000


def add_codebook(site) -> None:
    def codes():
        for place, row in enumerate(site.bundle.rows(CODEBOOK), start=1):
            number = row.number("number", MOST_CODES)
            if number is None or (site.format == 1 and number != place):
                raise row.error("number", f"“{row['number'][:60]}” stands where {place} should")
            texts = {
                name: row[name] for name in ("label", "definition", "when_not", "example", "reason")
            }
            # A merged code names one that may come after it: until all are there it counts as
            # declined.
            status = "declined" if row["status"] == "merged" else row["status"]
            code = Code(
                section=row.one_of("section", site.sections, "section"),
                number=number,
                position=row.integer("position"),
                status=status,
                excludes_paper=row.truth("excludes_paper"),
                added_at=row.moment("added_at"),
                proposed_by=site.person(row, "proposed_by"),
                **texts,
            )
            rows.append((code, row))
            yield code, row

    rows = []
    made = site.make(Code, codes())
    site.codes = {str(code.number): code for code in made}
    for code, row in rows:
        code.parent = row.one_of("parent_number", site.codes, "code", is_needed=False)
        code.merged_into = row.one_of("merged_into_number", site.codes, "code", is_needed=False)
        code.status = row["status"]
    refuse_circles(rows)
    touched = [code for code, _ in rows if code.parent_id or code.merged_into_id]
    Code.objects.bulk_update(touched, ["parent", "merged_into", "status"], batch_size=500)
    add_changes(site)


def refuse_circles(rows):
    """Whoever follows a code to the one that it went into, or to its parent, must arrive."""
    row_of = {code.pk: row for code, row in rows}
    for name in ("parent", "merged_into"):
        arrived = set()
        for start, _ in rows:
            way, code = set(), start
            while code is not None and code.pk not in arrived:
                if code.pk in way:
                    raise row_of[code.pk].error(f"{name}_number", "leads back to the code itself")
                way.add(code.pk)
                code = getattr(code, name)
            arrived |= way


def add_changes(site) -> None:
    def changes():
        for row in site.bundle.rows(CHANGES):
            change = CodebookChange(
                study=site.study,
                version=row.integer("version"),
                act=row["act"],
                reason=row["reason"],
                section=row.one_of("section", site.sections, "section", is_needed=False),
                code=row.one_of("code_number", site.codes, "code", is_needed=False),
                # Empty where whoever took the bundle out was not to know.
                marks=row.integer("marks") or 0,
                papers=row.integer("papers") or 0,
                by=site.reviewer(row, "by"),
                at=row.moment("at"),
            )
            site.keep(change, "before", row, "before")
            site.keep(change, "after", row, "after")
            rows.append((change, row))
            yield change, row

    rows = []
    by_version = {str(change.version): change for change in site.make(CodebookChange, changes())}
    undoing = [(change, row) for change, row in rows if row["undoes"]]
    for change, row in undoing:
        change.undoes = row.one_of("undoes", by_version, "change of the codebook")
    CodebookChange.objects.bulk_update(
        [change for change, _ in undoing], ["undoes"], batch_size=500
    )
