"""One section in detail: codes, confusions, reviewers, rounds; every figure leads to the papers
behind it.
"""

from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse

from mapping.models import CodebookChange, Paper
from mapping.protocol.coefficients import HEADLINE
from reviews.agreement import measures, statistics
from reviews.agreement.frozen import report_of_section
from reviews.agreement.measures import token, value_text
from reviews.agreement.page import worst
from reviews.agreement.papers_behind import answer_counts, papers_url
from reviews.agreement.ratings import Sheet
from reviews.agreement.statistics.ratings import labels_in
from reviews.settling.answers import shuffled

WORST = 10
PAIRS = 10
MOST_GIVEN = 4
DESCRIBED = 40  # codes of a matrix: a larger one nobody can read


class Detail:
    """Of one section, from the answers that `agreement` (a `VisibleAgreement`) may use."""

    def __init__(self, agreement, section):
        self.agreement, self.section, self.study = agreement, section, agreement.study
        self.rated = agreement.rated(section)
        self.table = self.rated.table
        self.headline = measures.choices(section.kind, self.rated.categories)[0]

    def link(self, **parameters):
        return papers_url(self.study, self.section, self.agreement.scope_query, **parameters)

    @cached_property
    def reviewers(self):
        """[(name in the address, name on the page)], one per row of the ratings."""
        people = self.agreement.sheet.people
        if not self.study.is_anonymous:
            return [(people[pk].username, str(people[pk])) for pk in self.rated.raters]
        order = sorted(self.rated.raters, key=lambda pk: shuffled(self.study, "agreement", pk))
        return [
            (f"r{order.index(pk) + 1}", f"Reviewer {order.index(pk) + 1}")
            for pk in self.rated.raters
        ]

    @cached_property
    def rows(self):
        """{name in the address: (row of the ratings, name on the page)}"""
        return {name: (row, label) for row, (name, label) in enumerate(self.reviewers)}

    def reviewer_link(self, row, **parameters):
        """The address of papers of one reviewer; none where the study hides who said what."""
        return (
            ""
            if self.study.is_anonymous
            else self.link(reviewer=self.reviewers[row][0], **parameters)
        )

    def coefficients(self, report):
        """Every coefficient with its place on the axis; the primary one first named as such."""
        primary = self.section.primary_coefficient or HEADLINE
        return [
            {
                "name": name,
                "label": measures.LABELS[name],
                "is_primary": name == primary,
                "target": self.agreement.target(self.section),
                **coefficient,
            }
            for name, coefficient in report["coefficients"].items()
        ]

    def codes(self):
        """Per code: used by how many, alpha, who alone gave it."""
        if not self.section.is_multiple:
            return []
        rows = [self._code_row(code) for code in measures.codes_of(self.rated)]
        return sorted(rows, key=lambda row: (row["value"] is None, row["value"] or 0))

    def _code_row(self, code):
        alpha = code.krippendorff_alpha
        name = token(code.code)
        return {
            "code": value_text(code.code),
            "papers": code.papers,
            "used_by": sum(map(bool, code.given)),
            "raters": len(code.given),
            "value": alpha.value,
            "low": alpha.low,
            "high": alpha.high,
            "reason": alpha.reason,
            "positive": percent(code.positive_agreement),
            "by_all": code.by_all,
            "only": self._given_alone(code, name),
            "url": self.link(code=name),
            "all_url": self.link(code=name, all=1),
        }

    def _given_alone(self, code, name):
        """[(reviewer, how often they alone gave it, the papers' address)]"""
        return [
            (
                self.reviewers[row][1],
                times,
                self.reviewer_link(row, code=name, alone=1) or self.link(code=name, differ=1),
            )
            for row, times in enumerate(code.only)
            if times
        ]

    def confused(self):
        """Codes that stand for one another, by lift."""
        if self.section.kind_of.is_quantity:
            return []
        pairs = statistics.confused_pairs(self.table, limit=PAIRS)
        return [self._confused_row(pair) for pair in pairs]

    def _confused_row(self, pair):
        most = sorted(pair.by_raters.items(), key=lambda item: -item[1])[:2]
        return {
            "one": value_text(pair.one),
            "other": value_text(pair.other),
            "count": pair.count,
            "lift": pair.lift,
            "papers": len(pair.papers),
            "url": self.link(one=token(pair.one), other=token(pair.other)),
            "by": [
                (self.reviewers[first][1], self.reviewers[second][1], times)
                for (first, second), times in most
            ],
        }

    def matrix(self):
        """The coincidence matrix of a single choice or a stage: how often two values met, each cell
        with its papers.
        """
        if not self.section.kind_of.is_one_category or not self.rated.has_two:
            return None
        cells = statistics.coincidence_matrix(self.table, self.rated.categories)
        used = [index for index in range(len(cells.categories)) if cells.matrix[index].any()]
        if not used or len(used) > DESCRIBED:
            return None
        names = [value_text(cells.categories[index]) for index in used]
        rows = [
            (name, [self._cell(cells, row, column) for column in used])
            for name, row in zip(names, used, strict=True)
        ]
        return {"names": names, "rows": rows}

    def _cell(self, cells, row, column):
        papers = len(cells.papers.get((min(row, column), max(row, column)), ()))
        first, second = (token(cells.categories[index]) for index in (row, column))
        return {
            "times": f"{cells.matrix[row, column]:.4g}",
            "papers": papers,
            "is_diagonal": row == column,
            "url": self.link(one=first, other=second) if papers else "",
        }

    def pairs(self):
        """Reviewers by reviewers: the headline coefficient over the papers both coded, and how many
        these are.
        """
        if len(self.reviewers) < 2:
            return None
        pairwise = statistics.pairwise(self.table, self.headline.function)
        indexes = range(len(self.reviewers))
        names = [name for _, name in self.reviewers]
        rows = [
            (name, [self._pair(pairwise, row, column) for column in indexes])
            for row, name in enumerate(names)
        ]
        return {"names": names, "rows": rows}

    def _pair(self, pairwise, row, column):
        first, second = self.reviewers[row][0], self.reviewers[column][0]
        is_hidden = self.study.is_anonymous
        return {
            "is_diagonal": row == column,
            "value": pairwise.values[row][column],
            "papers": pairwise.papers[row][column],
            "url": "" if is_hidden else self.link(reviewer=first, **{"with": second}),
        }

    def marginals(self):
        """Each reviewer: papers, mean number of codes, what they give most, and the figure without
        them.
        """
        marginals = statistics.marginals_by_rater(self.table)
        without = statistics.leave_one_rater_out(self.table, self.headline.function)
        return [
            self._marginal_row(row, marginal, figure)
            for row, (marginal, figure) in enumerate(zip(marginals, without, strict=True))
        ]

    def _marginal_row(self, row, marginal, without):
        return {
            "name": self.reviewers[row][1],
            "papers": marginal.papers,
            "mean": marginal.labels_per_paper,
            "without": without.value,
            "reason": without.reason,
            "url": self.reviewer_link(row),
            "most": [
                (value_text(value), times, self.reviewer_link(row, code=token(value)))
                for value, times in list(marginal.times.items())[:MOST_GIVEN]
            ],
        }

    def without_codes(self):
        """The figure without each code: which one pulls it down, and which one holds it up."""
        if not self.section.has_codes or self.section.kind_of.is_scale:
            return []
        used = frozenset().union(*map(labels_in, self.table.values))
        codes = [code for code in self.rated.categories if code in used]
        figures = statistics.leave_one_code_out(self.table, self.headline.function, codes)
        rows = [
            (value_text(code), figure.value, figure.reason, self.link(code=token(code)))
            for code, figure in figures.items()
        ]
        return sorted(rows, key=lambda row: (row[1] is None, -(row[1] or 0)))

    def median_difference(self):
        if not self.section.kind_of.is_quantity:
            return None
        return statistics.median_absolute_difference(self.table)

    def worst(self):
        """The papers that differ most, worst first."""
        differing = worst(self.rated, WORST)
        papers = Paper.objects.only("key", "title").in_bulk(
            [self.rated.papers[index] for index, _ in differing]
        )
        return [
            (papers[self.rated.papers[index]], distance, answer_counts(self.rated, index))
            for index, distance in differing
        ]

    def trend(self):
        """Round by round, with what changed in this section's codes in between."""
        changes = list(CodebookChange.objects.filter(section=self.section).order_by("version"))
        rounds = [
            round for round in self.agreement.rounds if round.phase_id == self.section.phase_id
        ]
        rows, before = [], None
        for round in rounds:
            version = round.codebook_version or self.study.codebook_version
            between = [
                change
                for change in changes
                if before is not None and before < change.version <= version
            ]
            rows.append(self._trend_row(round) | {"version": version, "changes": between})
            before = version
        return rows

    def _trend_row(self, round):
        page = reverse("agreement-section", args=[self.study.slug, self.section.key])
        query = self.agreement.scope_query | {"round": round.pk}
        return {
            "round": round,
            **self._of_round(round),
            "url": f"{page}?{urlencode(query)}",
            "papers_url": papers_url(self.study, self.section, query),
        }

    def _of_round(self, round):
        report = report_of_section(self.agreement.frozen_report_of(round), self.section)
        if report:
            figure = report["coefficients"][self.headline.name]
        else:
            rated = self.agreement.sheet.rated(self.section, round.pk)
            choice = measures.choices(self.section.kind, rated.categories)[0]
            figure = measures.coefficient(choice, measures.figure(rated, choice))
        ends = {name: figure[name] for name in ("value", "low", "high", "reason", "papers")}
        return {
            **ends,
            "target": self.agreement.target(self.section),
            "is_kept": report is not None,
        }

    def after_discussion(self):
        """The same coefficient from the latest revisions, if any of these says something else in
        this section.
        """
        scope = self.agreement.scope
        latest = self.agreement.visible.latest().filter(assignment__round__phase=scope.phase)
        if scope.round:
            latest = latest.filter(assignment__round=scope.round)
        if not latest.filter(revision__gt=1).exists():
            return None
        sheet = Sheet(
            self.study, latest, [self.section], level=self.agreement.level, is_after_discussion=True
        )
        rated = sheet.rated(self.section)
        if says_the_same(rated, self.rated):
            return None
        choice = measures.choices(self.section.kind, rated.categories)[0]
        return measures.figure(rated, choice)


def says_the_same(rated, other):
    return (rated.raters, rated.papers, rated.ratings) == (
        other.raters,
        other.papers,
        other.ratings,
    )


def percent(share):
    return None if share is None else 100 * share
