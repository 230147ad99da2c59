"""Behind every figure stand papers: which ones, named by what stands in the address."""

from collections import Counter
from typing import NamedTuple
from urllib.parse import urlencode

import numpy as np
from django.urls import reverse

from . import agreement, measuring
from .measuring import shown, token

ASKED = ("differ", "code", "one", "other", "reviewer", "with")


class Behind(NamedTuple):
    """Indexes into the papers of a `Rated`, and in words what they have in common."""

    papers: list
    words: str


def address(study, section, place, **what):
    """Of the papers behind a figure; `place` says of which round and level, as the address names them."""
    query = {name: value for name, value in {**place, **what}.items() if value != ""}
    return f"{reverse('agreement-papers', args=[study.slug, section.key])}?{urlencode(query)}"


def behind(rated, asked, reviewers):
    """`asked`: what stands in the address. `reviewers`: {name in the address: row of the ratings}."""
    tokens = {token(value): value for value in labels(rated)}
    one, other = tokens.get(asked["one"]), tokens.get(asked["other"])
    if asked["reviewer"] in reviewers and asked["with"] in reviewers:
        found = both_coded(rated, reviewers[asked["reviewer"]], reviewers[asked["with"]])
    elif asked["one"] and asked["other"]:
        found = met(rated, one, other) if one is not None and other is not None else []
    elif asked["code"]:
        found = given(rated, tokens[asked["code"]]) if asked["code"] in tokens else []
    else:
        found = np.flatnonzero(measuring.shared(rated.table)).tolist()
    if asked["differ"]:
        differ = set(over(rated, tokens[asked["code"]]) if asked["code"] in tokens else measuring.differing(rated))
        found = [paper for paper in found if paper in differ]
    return Behind(found, in_words(asked))


def in_words(asked):
    if asked["reviewer"] and asked["with"]:
        words = "that both reviewers coded"
    elif asked["one"] and asked["one"] == asked["other"]:
        words = f"on which two readers gave “{asked['one'].lstrip('~')}”"
    elif asked["one"] and asked["other"]:
        words = f"on which one gave “{asked['one'].lstrip('~')}” where another gave “{asked['other'].lstrip('~')}”"
    elif asked["code"]:
        words = f"on which “{asked['code'].lstrip('~')}” was given"
    else:
        words = "that two reviewers or more coded"
    return f"{words}, and on which they differ" if asked["differ"] else words


def labels(rated):
    """Every code or value that was given."""
    values = rated.table.values
    return {label for value in values for label in (value if isinstance(value, frozenset) else [value])}


def both_coded(rated, one, other):
    codes = rated.table.codes
    return np.flatnonzero((codes[one] >= 0) & (codes[other] >= 0)).tolist()


def given(rated, label):
    return np.flatnonzero((agreement.binary(rated.table, label).codes == 1).any(axis=0)).tolist()


def over(rated, label):
    """Papers whose readers differ over this code or value."""
    codes = agreement.binary(rated.table, label).codes
    return np.flatnonzero((codes == 1).any(axis=0) & (codes == 0).any(axis=0)).tolist()


def met(rated, one, other):
    """Papers on which one reader gave the first where another gave the second instead (for a pair of equals: too)."""
    mine, theirs = (agreement.binary(rated.table, label).codes for label in (one, other))
    if one == other:
        return np.flatnonzero((mine == 1).sum(axis=0) >= 2).tolist()
    first = (mine == 1) & (theirs != 1)
    second = (theirs == 1) & (mine != 1)
    return np.flatnonzero(first.any(axis=0) & second.any(axis=0)).tolist()


def said(rated, paper):
    """What the readers of a paper said, each answer once with how often, most frequent first; nobody is named."""
    column = rated.table.codes[:, paper]
    times = Counter(rated.table.values[code] for code in column[column >= 0].tolist())
    return [(shown(value), number) for value, number in sorted(times.items(), key=lambda one: (-one[1], shown(one[0])))]
