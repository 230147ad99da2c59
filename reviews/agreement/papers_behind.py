"""Behind every figure stand papers: which ones, named by what stands in the address."""

from collections import Counter
from typing import NamedTuple
from urllib.parse import urlencode

import numpy as np
from django.urls import reverse

from reviews.agreement import measures, statistics
from reviews.agreement.measures import shown, token

ASKED = ("differ", "code", "all", "one", "other", "reviewer", "with", "alone")


class Behind(NamedTuple):
    """Indexes into the papers of a `Rated`, and in words what they have in common."""

    papers: list
    words: str


def address(study, section, place, **what):
    """Of the papers behind a figure; `place` says of which round and level, as the address names
    them.
    """
    query = {name: value for name, value in {**place, **what}.items() if value != ""}
    return f"{reverse('agreement-papers', args=[study.slug, section.key])}?{urlencode(query)}"


def behind(rated, asked, reviewers):
    """`asked`: what stands in the address. `reviewers`: {name in the address: (row of the ratings,
    name on the page)}.

    What the address names and nobody here gave, or nobody here is, has no papers behind it.
    """
    tokens = {token(value): value for value in labels(rated)}
    people = [reviewers.get(asked[name]) for name in ("reviewer", "with") if asked[name]]
    values = {name: tokens.get(asked[name]) for name in ("one", "other", "code") if asked[name]}
    if None in people or None in values.values():
        return Behind([], in_words(asked, people))
    found = chosen(rated, [row for row, _ in people], values, asked)
    if asked["differ"]:
        differ = set(over(rated, values["code"]) if "code" in values else measures.differing(rated))
        found = [paper for paper in found if paper in differ]
    return Behind(found, in_words(asked, people))


def chosen(rated, rows, values, asked):
    if len(rows) == 2:
        return both_coded(rated, *rows)
    if rows:
        return by_one(rated, rows[0], values.get("code"), alone=bool(asked["alone"]))
    if "one" in values and "other" in values:
        return met(rated, values["one"], values["other"])
    if "code" in values:
        return by_all(rated, values["code"]) if asked["all"] else given(rated, values["code"])
    return np.flatnonzero(measures.shared(rated.table)).tolist()


def in_words(asked, people):
    named = {
        name: f"“{asked[name].lstrip('~')}”" for name in ("one", "other", "code") if asked[name]
    }
    who = people[0][1] if people and people[0] else asked["reviewer"]
    if asked["reviewer"] and asked["with"]:
        words = "that both reviewers coded"
    elif asked["reviewer"]:
        alone = " alone" if asked["alone"] else ""
        words = (
            f"on which {who}{alone} gave {named['code']}"
            if "code" in named
            else f"that {who} coded"
        )
    elif asked["one"] and asked["one"] == asked["other"]:
        words = f"on which two readers gave {named['one']}"
    elif asked["one"] and asked["other"]:
        words = f"on which one gave {named['one']} where another gave {named['other']}"
    elif asked["code"]:
        words = (
            f"on which all gave {named['code']}"
            if asked["all"]
            else f"on which {named['code']} was given"
        )
    else:
        words = "that two reviewers or more coded"
    return f"{words}, and on which they differ" if asked["differ"] else words


def labels(rated):
    """Every code or value that was given."""
    values = rated.table.values
    return {
        label for value in values for label in (value if isinstance(value, frozenset) else [value])
    }


def both_coded(rated, one, other):
    codes = rated.table.codes
    return np.flatnonzero((codes[one] >= 0) & (codes[other] >= 0)).tolist()


def given(rated, label):
    return np.flatnonzero((statistics.binary(rated.table, label).codes == 1).any(axis=0)).tolist()


def by_all(rated, label):
    """Papers on which two or more were asked and all gave this code."""
    codes = statistics.binary(rated.table, label).codes
    return np.flatnonzero(((codes == 1).sum(axis=0) >= 2) & (codes != 0).all(axis=0)).tolist()


def by_one(rated, row, label, *, alone):
    """Papers that this reader coded; with a label, on which they gave it; alone, where nobody else
    did who coded it.
    """
    if label is None:
        return np.flatnonzero(rated.table.codes[row] >= 0).tolist()
    codes = statistics.binary(rated.table, label).codes
    found = codes[row] == 1
    if alone:
        found &= ((codes == 1).sum(axis=0) == 1) & ((codes >= 0).sum(axis=0) >= 2)
    return np.flatnonzero(found).tolist()


def over(rated, label):
    """Papers whose readers differ over this code or value."""
    codes = statistics.binary(rated.table, label).codes
    return np.flatnonzero((codes == 1).any(axis=0) & (codes == 0).any(axis=0)).tolist()


def met(rated, one, other):
    """Papers on which one reader gave the first where another gave the second instead (for a pair
    of equals: too).
    """
    mine, theirs = (statistics.binary(rated.table, label).codes for label in (one, other))
    if one == other:
        return np.flatnonzero((mine == 1).sum(axis=0) >= 2).tolist()
    first = (mine == 1) & (theirs != 1)
    second = (theirs == 1) & (mine != 1)
    return np.flatnonzero(first.any(axis=0) & second.any(axis=0)).tolist()


def said(rated, paper):
    """What the readers of a paper said, each answer once with how often, most frequent first;
    nobody is named.
    """
    column = rated.table.codes[:, paper]
    times = Counter(rated.table.values[code] for code in column[column >= 0].tolist())
    return [
        (shown(value), number)
        for value, number in sorted(times.items(), key=lambda one: (-one[1], shown(one[0])))
    ]
