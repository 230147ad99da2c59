"""Names of one file that fall on one paper: the report says which, and no answer is mixed from two
of them.
"""

from collections import defaultdict

from reviews.exchange.importing.finders import small


def check_names(plan):
    """Refuse rows in which one reviewer would answer for one paper under two keys; note all other
    names.

    Where an import took an entry for a duplicate, its key leads to the paper that was there first.
    If it was another publication after all, the codings of two papers would become one answer.
    """
    for names in names_by_paper(plan).values():
        first = next((name for name in names if not name.is_former_key), names[0])
        for name in names:
            if name is not first:
                report(plan, name, first)


def report(plan, name, first):
    earlier = f"“{first.row.paper}” in line {first.row.line}"
    told = f"“{name.row.paper}” falls on the paper “{name.paper.key}”, as {earlier} does"
    mixed = name.summaries & first.summaries if name.is_former_key else ()
    if mixed:
        who = plan.summaries[next(iter(mixed))].reviewer
        plan.refuse(
            name.row,
            f"{told}, and both are coded by {who}: one answer would be made of two. If they are "
            "two papers, add the second to the study first; if they are one, give all rows the "
            "same key",
        )
    else:
        plan.notes.append(f"Line {name.row.line}: {told}.")


class Name:
    """One way in which the file names a paper."""

    def __init__(self, row, paper, is_former_key):
        self.row, self.paper, self.is_former_key = row, paper, is_former_key
        self.summaries = set()


def names_by_paper(plan):
    """`{paper's identity: [Name]}`, in the order of the file."""
    names = defaultdict(dict)
    for key, summary in plan.summaries.items():
        for row, _ in summary.rows:
            fellows = names[id(summary.paper)]
            is_former = row.paper in plan.papers.former_keys
            name = fellows.setdefault(small(row.paper), Name(row, summary.paper, is_former))
            name.summaries.add(key)
    return {paper: list(found.values()) for paper, found in names.items()}
