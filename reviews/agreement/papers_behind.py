"""Lists the papers behind a figure, from the URL's query parameters."""

from collections import Counter
from typing import NamedTuple
from urllib.parse import urlencode

import numpy as np
from django.urls import reverse

from mapping.judgement.absences import NAMES, label_of
from reviews.agreement import measures, statistics
from reviews.agreement.measures import token, value_text
from reviews.agreement.ratings import NONE_APPLY
from reviews.agreement.statistics.ratings import labels_in

PARAMETERS = ("differ", "code", "all", "one", "other", "reviewer", "with", "alone")
ABSENCES_NAMED = {*NAMES, NONE_APPLY.name}


class PapersBehind(NamedTuple):
    """Indexes into the papers of a `Rated`, and in words what they have in common."""

    papers: list[int]
    text: str


def papers_url(study, section, scope_query: dict, **parameters) -> str:
    """The address of the papers behind a figure; `scope_query` names the round and the level."""
    query = {name: value for name, value in {**scope_query, **parameters}.items() if value != ""}
    return f"{reverse('agreement-papers', args=[study.slug, section.key])}?{urlencode(query)}"


def papers_behind(rated, parameters: dict, reviewers: dict) -> PapersBehind:
    """`parameters`: those of PARAMETERS, "" where the address has none. `reviewers`: {name in the
    address: (row of the ratings, name on the page)}.

    A value that nobody gave, or a reviewer who is none here, has no papers behind it.
    """
    tokens = {token(value): value for value in labels(rated)}
    people = [reviewers.get(parameters[name]) for name in ("reviewer", "with") if parameters[name]]
    values = {
        name: tokens.get(parameters[name]) for name in ("one", "other", "code") if parameters[name]
    }
    if None in people or None in values.values():
        return PapersBehind([], in_words(parameters, people))
    papers = matching_papers(rated, [row for row, _ in people], values, parameters)
    if parameters["differ"]:
        differ = set(
            differing_over(rated, values["code"]) if "code" in values else measures.differing(rated)
        )
        papers = [paper for paper in papers if paper in differ]
    return PapersBehind(papers, in_words(parameters, people))


def matching_papers(rated, rows, values, parameters):
    if len(rows) == 2:
        return coded_by_both(rated, *rows)
    if rows:
        return of_reviewer(rated, rows[0], values.get("code"), alone=bool(parameters["alone"]))
    if "one" in values and "other" in values:
        return where_values_meet(rated, values["one"], values["other"])
    if "code" in values:
        given = given_by_all if parameters["all"] else given_by_any
        return given(rated, values["code"])
    return np.flatnonzero(measures.shared(rated.table)).tolist()


def in_words(parameters, people):
    """What the papers have in common: “that Ben coded, and on which they differ”."""
    if parameters["reviewer"]:
        text = reviewer_text(parameters, people)
    elif parameters["one"] and parameters["other"]:
        text = pair_text(parameters)
    elif parameters["code"]:
        code = quoted(parameters["code"])
        text = f"on which all gave {code}" if parameters["all"] else f"on which {code} was given"
    else:
        text = "that two reviewers or more coded"
    return f"{text}, and on which they differ" if parameters["differ"] else text


def reviewer_text(parameters, people):
    if parameters["with"]:
        return "that both reviewers coded"
    reviewer = people[0][1] if people and people[0] else parameters["reviewer"]
    if not parameters["code"]:
        return f"that {reviewer} coded"
    alone = " alone" if parameters["alone"] else ""
    return f"on which {reviewer}{alone} gave {quoted(parameters['code'])}"


def pair_text(parameters):
    one, other = quoted(parameters["one"]), quoted(parameters["other"])
    if parameters["one"] == parameters["other"]:
        return f"on which two readers gave {one}"
    return f"on which one gave {one} where another gave {other}"


def quoted(token):
    """A value of the address in words; a code may begin with `~` as well as an absence does."""
    name = token.removeprefix("~")
    is_absence = token.startswith("~") and name in ABSENCES_NAMED
    return f"“{label_of(name) if is_absence else token}”"


def labels(rated):
    """Every code or value that was given."""
    return frozenset().union(*map(labels_in, rated.table.values))


def coded_by_both(rated, row, other_row):
    codes = rated.table.codes
    return np.flatnonzero((codes[row] >= 0) & (codes[other_row] >= 0)).tolist()


def given_by_any(rated, label):
    return np.flatnonzero((statistics.binary(rated.table, label).codes == 1).any(axis=0)).tolist()


def given_by_all(rated, label):
    """Papers that two or more readers coded, and on which all of them gave this code."""
    codes = statistics.binary(rated.table, label).codes
    return np.flatnonzero(((codes == 1).sum(axis=0) >= 2) & (codes != 0).all(axis=0)).tolist()


def of_reviewer(rated, row, label, *, alone):
    """Papers that this reader coded; with a label, on which they gave it; alone, where nobody else
    did who coded it.
    """
    if label is None:
        return np.flatnonzero(rated.table.codes[row] >= 0).tolist()
    codes = statistics.binary(rated.table, label).codes
    is_given = codes[row] == 1
    if alone:
        is_given &= ((codes == 1).sum(axis=0) == 1) & ((codes >= 0).sum(axis=0) >= 2)
    return np.flatnonzero(is_given).tolist()


def differing_over(rated, label):
    """Papers whose readers differ over this code or value."""
    codes = statistics.binary(rated.table, label).codes
    return np.flatnonzero((codes == 1).any(axis=0) & (codes == 0).any(axis=0)).tolist()


def where_values_meet(rated, one, other):
    """Papers on which one reader gave the first where another gave the second instead (for a pair
    of equals: too).
    """
    has_one, has_other = (
        statistics.binary(rated.table, label).codes == 1 for label in (one, other)
    )
    if one == other:
        return np.flatnonzero(has_one.sum(axis=0) >= 2).tolist()
    only_one, only_other = has_one & ~has_other, has_other & ~has_one
    return np.flatnonzero(only_one.any(axis=0) & only_other.any(axis=0)).tolist()


def answer_counts(rated, paper: int) -> list[tuple[str, int]]:
    """The readers' answers on a paper, each once with how often, most frequent first; nobody is
    named.
    """
    column = rated.table.codes[:, paper]
    times = Counter(rated.table.values[code] for code in column[column >= 0].tolist())
    kind = rated.section.kind_of
    return [
        (value_text(value, kind), count)
        for value, count in sorted(times.items(), key=lambda item: (-item[1], value_text(item[0])))
    ]
