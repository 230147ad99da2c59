"""What a bundle of format 1 said in JSON, said as format 2 says it.

Format 1 named things by their place in a file: `$mark:7` is the seventh mark of codings.csv. Here
they get the key that the same row has today, so that both can be compared cell by cell.
"""

import json
import re
import zipfile
from datetime import datetime

REFERENCE = re.compile(r"\$([a-z]+):(.+)", re.DOTALL)
# The columns that hold JSON.
KEPT = {
    "rounds.csv": ["frozen_agreement"],
    "resolutions.csv": ["content"],
    "codebook_changes.csv": ["before", "after"],
    "log.csv": ["facts"],
}
# The columns that tell the time of what is now named by it.
MOMENTS = {
    "paperimport": ("paper_imports.csv", "at"),
    "remark": ("remarks.csv", "at"),
    "resolution": ("resolutions.csv", "decided_at"),
    "logentry": ("log.csv", "at"),
}
OF_ASSIGNMENT = ("paper", "round", "reviewer")


def format_of(bundle):
    with zipfile.ZipFile(bundle) as archive:
        return json.loads(archive.read("study.json"))["concord_bundle"]


def comparable(bundle, then, now):
    """`(then, now)` with what both can say in JSON alike, as objects instead of text."""
    is_old = format_of(bundle) == 1
    say = Translation(now) if is_old else unchanged
    return (
        {name: read(name, rows, say) for name, rows in then.items()},
        {
            name: read(name, rows, without_news if is_old else unchanged)
            for name, rows in now.items()
        },
    )


def read(name, rows, say):
    return [
        row
        | {
            column: say(json.loads(row[column])) if row[column] else ""
            for column in KEPT.get(name, ())
        }
        for row in rows
    ]


def unchanged(kept):
    return kept


def without_news(kept):
    """Without what format 1 could not say: which assignments were taken back, and what a mark that
    was set aside was called.
    """
    if isinstance(kept, list):
        return [without_news(one) for one in kept]
    if not isinstance(kept, dict):
        return kept
    left_out = {"withdrawn"} | ({"uid"} if "beside" in kept else set())
    return {name: without_news(one) for name, one in kept.items() if name not in left_out}


class Translation:
    def __init__(self, now):
        self.keys = {
            "code": [int(row["number"]) for row in now["codebook.csv"]],
            "round": [int(row["number"]) for row in now["rounds.csv"]],
            "assignment": uids(now["assignments.csv"]),
            "answer": uids(now["answers.csv"]),
            "mark": [int(uid) for row in now["answers.csv"] for uid in row["mark_uids"].split()],
            "findingmark": uids(now["findings.csv"], "mark_uid"),
            "recodingtask": uids(now["recoding_tasks.csv"]),
            **{
                kind: [moment(row[column]) for row in now[name]]
                for kind, (name, column) in MOMENTS.items()
            },
        }
        self.assigned = [moment(row["assigned_at"]) for row in now["assignments.csv"]]
        of_assignment = {
            tuple(row[name] for name in OF_ASSIGNMENT): int(row["uid"])
            for row in now["assignments.csv"]
        }
        self.keys["summary"] = [
            of_assignment[tuple(row[name] for name in OF_ASSIGNMENT)]
            for row in now["summaries.csv"]
        ]

    def __call__(self, kept, name=""):
        if isinstance(kept, list):
            return [self(one) for one in kept]
        if isinstance(kept, dict):
            return {
                str(self("assignment" if key == "summary" else key)): self(one, key)
                for key, one in kept.items()
                if key not in {"withdrawn", "finding_id", "pk"}
            }
        if not isinstance(kept, str):
            return kept
        return self.key(kept, name)

    def key(self, text, name):
        found = REFERENCE.fullmatch(text)
        if not found:
            return text.removeprefix("$") if text.startswith("$$") else text
        kind, called = found.groups()
        if kind in {"user", "section"}:
            return called
        keys = self.assigned if name in {"first", "last"} else self.keys[kind]
        return keys[int(called) - 1]


def uids(rows, column="uid"):
    return [int(row[column]) for row in rows if row[column]]


def moment(cell):
    return datetime.fromisoformat(cell).isoformat() if cell else None
