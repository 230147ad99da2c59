"""Laws of what lies behind a figure: one code, one rater, one pair, one paper, taken by itself."""

import statistics as textbook
from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reviews.agreement.statistics import (
    binary,
    confused_pairs,
    gwet_ac,
    krippendorff_alpha,
    leave_one_code_out,
    leave_one_rater_out,
    marginals_by_rater,
    median_absolute_difference,
    negative_agreement,
    one_sided,
    per_code,
    percent_agreement,
    positive_agreement,
    specific_agreement,
    worst_papers,
)
from tests.agreement.test_agreement_properties import (
    SCALE,
    by_paper,
    plain,
    same,
    sets,
)
from tests.agreement.test_coefficient_laws import alpha_of, few, yes_no


@few
@given(sets)
def test_a_code_in_a_set_is_the_yes_or_no_whether_it_was_given(ratings):
    for code in per_code(ratings, "abcde", replicates=0):
        given_or_not = [[None if s is None else code.code in s for s in row] for row in ratings]
        papers = by_paper(given_or_not)

        assert same(code.krippendorff_alpha.value, krippendorff_alpha(given_or_not))
        assert same(code.percent_agreement, percent_agreement(given_or_not))
        assert same(code.positive_agreement, positive_agreement(given_or_not))
        assert same(code.negative_agreement, negative_agreement(given_or_not))
        assert same(code.gwet_ac1.value, gwet_ac(given_or_not, categories=[False, True]))
        assert code.papers == sum(map(any, papers))
        assert code.differing == [p for p, said in enumerate(papers) if len(set(said)) == 2]
        assert code.given == tuple(row.count(True) for row in given_or_not)
        assert code.by_all == sum(all(said) and len(said) > 1 for said in papers)
        assert sum(code.only) == sum(said.count(True) == 1 and len(said) > 1 for said in papers)


@few
@given(sets)
def test_one_sided_codes_are_the_differing_papers_of_each_code(ratings):
    used = {label for paper in by_paper(ratings) for said in paper for label in said}
    found = one_sided(ratings)

    assert set(found) == used
    for code in per_code(ratings, sorted(used), replicates=0):
        assert found[code.code] == code.differing


@few
@given(yes_no)
def test_the_share_of_agreement_lies_between_that_on_yes_and_that_on_no(ratings):
    shares = [positive_agreement(ratings), negative_agreement(ratings)]
    known = [share for share in shares if share is not None]

    assert min(known) - 1e-12 <= percent_agreement(ratings) <= max(known) + 1e-12
    # The share of all is their mean, weighed by how often each was given.
    times = Counter(value for row in ratings for value in row)
    weighed = sum(
        times[value] * (share or 0) for value, share in zip((True, False), shares, strict=True)
    )
    assert percent_agreement(ratings) == pytest.approx(weighed / times.total())


@few
@given(plain)
def test_specific_agreement_is_the_share_of_pairs_with_the_category(ratings):
    for category in SCALE:
        chances = [
            other == category
            for paper in by_paper(ratings)
            for one, other in permutations(paper, 2)
            if one == category
        ]
        wanted = sum(chances) / len(chances) if chances else None
        assert same(specific_agreement(ratings, category), wanted)


@few
@given(plain)
def test_the_median_difference_is_that_of_all_pairs(ratings):
    apart = [abs(a - b) for paper in by_paper(ratings) for a, b in combinations(paper, 2)]

    assert median_absolute_difference(ratings) == (textbook.median(apart) if apart else None)


@few
@given(plain)
def test_worst_papers_tell_how_far_as_a_share_of_what_chance_would_give(ratings):
    papers = [(place, paper) for place, paper in enumerate(by_paper(ratings)) if len(paper) > 1]
    values = [value for _, paper in papers for value in paper]
    distances = {
        "nominal": lambda a, b: Fraction(a != b),
        "interval": lambda a, b: Fraction((a - b) ** 2),
        "ratio": lambda a, b: Fraction(a - b, a + b) ** 2 if a + b else Fraction(0),
    }
    for metric, distance in distances.items():

        def mean(several, distance=distance):
            pairs = [distance(a, b) for a, b in combinations(several, 2)]
            return sum(pairs) / len(pairs)

        expected = mean(values) if len(set(values)) > 1 else 0
        far = {p: mean(paper) / expected for p, paper in papers if expected and mean(paper)}
        wanted = sorted(far.items(), key=lambda row: (-row[1], row[0]))
        found = worst_papers(ratings, metric)
        assert dict(found) == {p: pytest.approx(float(share)) for p, share in wanted}
        assert [share for _, share in found] == sorted((s for _, s in found), reverse=True)


@few
@given(sets)
def test_worst_papers_of_sets_are_as_far_as_their_distances(ratings):
    found = dict(worst_papers(ratings, "jaccard"))
    papers = [paper for paper in by_paper(ratings) if len(paper) > 1]
    values = [value for paper in papers for value in paper]

    def mean(several):
        pairs = [
            1 - Fraction(len(a & b), len(a | b)) if a | b else Fraction(0)
            for a, b in combinations(several, 2)
        ]
        return sum(pairs) / len(pairs)

    for place, paper in enumerate(by_paper(ratings)):
        if len(paper) > 1 and len(set(values)) > 1:
            assert found.get(place, 0) == pytest.approx(float(mean(paper) / mean(values)))
        else:
            assert place not in found


@few
@given(plain, st.integers(0, 3))
def test_without_a_rater_is_as_if_they_had_never_coded(ratings, rater):
    assume(rater < len(ratings))
    silent = [row if r != rater else [None] * len(row) for r, row in enumerate(ratings)]
    figure = leave_one_rater_out(ratings, krippendorff_alpha)[rater]

    assert same(figure.value, krippendorff_alpha(silent))
    assert figure.papers == sum(len(paper) > 1 for paper in by_paper(silent))


@few
@given(sets, st.sampled_from("abcde"))
def test_without_a_code_is_as_if_it_were_not_in_the_codebook(ratings, code):
    without = [[None if said is None else said - {code} for said in row] for row in ratings]

    for alpha in (alpha_of["jaccard"], alpha_of["masi"]):
        figure = leave_one_code_out(ratings, alpha, [code])[code]
        assert same(figure.value, alpha(without))


@few
@given(plain, st.sampled_from(SCALE))
def test_without_a_value_is_as_if_it_had_been_left_blank(ratings, value):
    without = [[None if said == value else said for said in row] for row in ratings]
    figure = leave_one_code_out(ratings, krippendorff_alpha, [value])[value]

    assert same(figure.value, krippendorff_alpha(without))


@few
@given(sets)
def test_marginals_count_what_each_rater_gave(ratings):
    for row, marginal in zip(ratings, marginals_by_rater(ratings), strict=True):
        coded = [said for said in row if said is not None]
        times = Counter(label for said in coded for label in said)

        assert (marginal.papers, marginal.times) == (len(coded), times)
        assert list(marginal.times.values()) == sorted(times.values(), reverse=True)
        assert same(marginal.labels_per_paper, times.total() / len(coded) if coded else None)


@few
@given(sets)
def test_the_lift_of_a_confused_pair_is_how_often_over_how_often_by_chance(ratings):
    compared = [pair for paper in by_paper(ratings) for pair in permutations(paper, 2)]

    for found in confused_pairs(ratings, at_least=1, limit=None):
        met = sum(found.one in a - b and found.other in b - a for a, b in compared)
        alone = [sum(label in a - b for a, b in compared) for label in (found.one, found.other)]
        assert found.count == met
        assert found.lift == pytest.approx(met * len(compared) / (alone[0] * alone[1]))
        assert sum(found.by_raters.values()) == found.count
        assert found.papers == sorted(set(found.papers))


@few
@given(sets, st.sampled_from("abcde"))
def test_the_union_of_two_codes_is_as_if_they_were_one(ratings, label):
    """A merge: whoever gave one or the other gave the merged code, once."""

    def merged(said):
        return said and frozenset("a" if code == label else code for code in said)

    either = [[None if s is None else "a" in s or label in s for s in row] for row in ratings]
    after = [[merged(said) for said in row] for row in ratings]

    assert same(krippendorff_alpha(binary(after, "a")), krippendorff_alpha(either))


@few
@given(sets)
def test_a_label_that_everybody_gives_everywhere_brings_sets_nearer_and_never_apart(ratings):
    more = [[None if said is None else said | {"z"} for said in row] for row in ratings]

    assert same(percent_agreement(more), percent_agreement(ratings))
    for papers, with_z in zip(by_paper(ratings), by_paper(more), strict=True):
        for (a, b), (c, d) in zip(combinations(papers, 2), combinations(with_z, 2), strict=True):
            near = krippendorff_alpha([[c, frozenset("q")], [d, frozenset("q")]], "jaccard")
            assert near >= krippendorff_alpha([[a, frozenset("q")], [b, frozenset("q")]], "jaccard")


def test_values_given_equally_often_stand_by_their_text():
    labels = [f"label {number}" for number in range(20)]
    (of_sets,) = marginals_by_rater([[set(labels), {labels[7]}]])
    (of_numbers,) = marginals_by_rater([[2, 10, 2, 9, 10]])

    assert list(of_sets.times) == [labels[7], *sorted(set(labels) - {labels[7]})]
    assert list(of_numbers.times) == [10, 2, 9]
