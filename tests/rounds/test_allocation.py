"""Handing out papers: even loads, even pairs, nobody's own papers, the same plan again for the same
seed.
"""

import os
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from reviews.rounds.allocation import plan
from reviews.rounds.own_papers import own_papers

PAPERS = [f"paper{number}" for number in range(40)]
TEAM = ["ada", "ben", "cleo", "dan"]


def spread(counts):
    return max(counts.values()) - min(counts.values())


def readers(found):
    return Counter(paper for paper, _ in found.assignments)


def test_every_paper_gets_two_reviewers_with_even_loads_and_even_pairs():
    found = plan(PAPERS, TEAM)

    assert set(readers(found).values()) == {2}
    assert list(readers(found)) == PAPERS
    assert set(found.loads.values()) == {20}
    assert set(found.pairs) == set(combinations(TEAM, 2))
    assert spread(found.pairs) <= 1
    assert found.problems == []


def test_overlap_is_the_share_of_papers_with_several_reviewers():
    found = plan(PAPERS, TEAM, per_paper=3, overlap=25)

    assert Counter(readers(found).values()) == {3: 10, 1: 30}
    assert {paper for paper, number in readers(found).items() if number == 3} == set(
        found.overlapping
    )
    assert spread(found.loads) <= 1


def test_three_thousand_papers_for_ten_reviewers_are_even():
    found = plan(range(3000), [f"r{number}" for number in range(10)], per_paper=2, overlap=20)

    assert set(found.loads.values()) == {360}
    assert spread(found.pairs) <= 2


def test_the_same_seed_gives_the_same_plan_in_another_process():
    program = (
        "from reviews.rounds.allocation import plan\n"
        "papers = [f'p{n}' for n in range(60)]\n"
        "had = {('p1', 'ben'), ('p2', 'cleo'), ('p2', 'ben'), ('p7', 'zoe')}\n"
        "print(plan(papers, ['ada', 'ben', 'cleo'], overlap=50, existing=had, conflicts={('p3', "
        "'ada')}, seed=7))"
    )
    root = Path(__file__).resolve().parents[2]
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


def test_another_seed_gives_another_plan():
    assert plan(PAPERS, TEAM, seed=1).assignments != plan(PAPERS, TEAM, seed=2).assignments


def test_earlier_assignments_are_kept_and_counted():
    had = {(paper, "ben") for paper in PAPERS[:20]}

    found = plan(PAPERS, TEAM, existing=had)

    assert not set(found.assignments) & had
    assert readers(found) == {paper: 1 if number < 20 else 2 for number, paper in enumerate(PAPERS)}
    assert found.loads["ben"] == 20
    assert spread(found.loads) <= 1


def test_papers_read_by_several_already_are_the_overlap():
    had = {(paper, reviewer) for paper in PAPERS[5:15] for reviewer in ("ben", "cleo")}

    found = plan(PAPERS, TEAM, overlap=25, existing=had)

    assert found.overlapping == PAPERS[5:15]
    assert set(readers(found)) == set(PAPERS) - set(PAPERS[5:15])


def test_a_reader_from_outside_the_round_counts_for_the_paper():
    found = plan(PAPERS, ["ben", "cleo"], existing={(PAPERS[0], "zoe")})
    assert readers(found)[PAPERS[0]] == 1


def test_conflicts_are_respected_and_the_others_share_the_load():
    conflicts = {(paper, "ben") for paper in PAPERS[:30]}

    found = plan(PAPERS, TEAM, conflicts=conflicts)

    assert not set(found.assignments) & conflicts
    assert found.problems == []
    assert found.loads["ben"] == 10
    assert spread({name: load for name, load in found.loads.items() if name != "ben"}) <= 1


def test_a_capacity_is_kept_and_the_others_take_over():
    found = plan(PAPERS, TEAM, capacity={"ada": 5, "ben": 0})

    assert (found.loads["ada"], found.loads["ben"]) == (5, 0)
    assert sorted([found.loads["cleo"], found.loads["dan"]]) == [37, 38]
    assert found.problems == []


def test_with_too_little_capacity_every_paper_gets_one_reader_first():
    found = plan(
        PAPERS, ["ada", "ben"], capacity={"ada": 25, "ben": 25}, conflicts={(PAPERS[0], "ben")}
    )

    assert set(readers(found)) == set(PAPERS)
    assert found.loads == {"ada": 25, "ben": 25}
    assert len(found.problems) == 30
    why = {problem.paper: (problem.missing, problem.why) for problem in found.problems}
    assert why[PAPERS[0]] == (1, "must not read it: ben")
    assert {words for paper, words in why.items() if paper != PAPERS[0]} <= {
        (1, "no room left: ada"),
        (1, "no room left: ben"),
    }


def test_papers_are_passed_on_to_free_an_only_possible_reader():
    # Only ada may read the last one; she has room for one paper, and whatever else she got must go
    # to ben.
    conflicts = {("c", "ben")}
    for seed in range(20):
        found = plan(
            ["a", "b", "c"],
            ["ada", "ben"],
            per_paper=1,
            capacity={"ada": 1},
            conflicts=conflicts,
            seed=seed,
        )
        assert found.assignments == [("a", "ben"), ("b", "ben"), ("c", "ada")]


def test_too_few_reviewers_are_reported():
    found = plan(["a"], ["ada"], per_paper=3)
    assert [(problem.missing, problem.why) for problem in found.problems] == [
        (2, "there are no more reviewers")
    ]
    assert plan([], TEAM).assignments == []
    assert [problem.missing for problem in plan(["a"], []).problems] == [2]


@pytest.mark.parametrize(
    "wrong",
    [{"per_paper": 0}, {"overlap": 101}, {"overlap": -1}, {"capacity": {"ada": -1}}],
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match=r"needs|percentage|below"):
        plan(PAPERS, TEAM, **wrong)


def test_a_doubled_paper_or_reviewer_is_refused():
    with pytest.raises(ValueError, match="paper a is named twice"):
        plan(["a", "a"], TEAM)
    with pytest.raises(ValueError, match="reviewer ada is named twice"):
        plan(PAPERS, ["ada", "ada"])


small = st.integers(0, 4)


@settings(max_examples=80)
@for_all(
    number=st.integers(0, 12),
    per_paper=st.integers(1, 3),
    overlap=st.integers(0, 100),
    existing=st.sets(st.tuples(st.integers(0, 12), small)),
    conflicts=st.sets(st.tuples(st.integers(0, 12), small)),
    capacity=st.dictionaries(small, st.integers(0, 8)),
    seed=small,
)
def test_any_plan_keeps_its_promises(
    number, per_paper, overlap, existing, conflicts, capacity, seed
):
    papers, team = list(range(number)), [0, 1, 2, 3]
    found = plan(
        papers,
        team,
        per_paper=per_paper,
        overlap=overlap,
        existing=existing,
        conflicts=conflicts,
        capacity=capacity,
        seed=seed,
    )

    new = set(found.assignments)
    assert len(new) == len(found.assignments)
    assert not new & (existing | conflicts)
    had = Counter(reviewer for _, reviewer in existing)
    given = Counter(reviewer for _, reviewer in new)
    assert found.loads == {reviewer: had[reviewer] + given[reviewer] for reviewer in team}
    assert all(
        given[who] == 0 or found.loads[who] <= most for who, most in capacity.items() if who in team
    )
    missing = {problem.paper: problem.missing for problem in found.problems}
    for paper in papers:
        wanted = per_paper if paper in found.overlapping else 1
        readers_now = {who for where, who in existing | new if where == paper}
        assert len(readers_now) + missing.get(paper, 0) == max(wanted, len(readers_now))
        # A gap is left only where everybody who may read the paper is full.
        if paper in missing:
            willing = [
                who for who in team if who not in readers_now and (paper, who) not in conflicts
            ]
            assert all(found.loads[who] >= capacity.get(who, 99) for who in willing)


@settings(max_examples=60)
@for_all(st.integers(1, 30), st.integers(2, 6), st.integers(1, 3), st.integers(0, 100), small)
def test_without_conflicts_loads_differ_by_one_at_most(number, team, per_paper, overlap, seed):
    found = plan(
        range(number), range(team), per_paper=min(per_paper, team), overlap=overlap, seed=seed
    )
    assert spread(found.loads) <= 1
    assert found.problems == []


def test_authors_are_recognised_in_any_spelling_of_their_name():
    authors = {
        "p1": ["García Márquez, Gabriel", "Other, Some"],
        "p2": ["Wil M. P. van der Aalst"],
        "p3": ["MÜLLER, J."],
        "p4": ["Sørensen, Kåre"],
        "p5": ["O'Neil, Mary"],
        "p6": ["King, Jr., Martin Luther"],
        "p7": ["Lê, Hoàng"],
    }
    people = {
        "gabo": "Gabriel Garcia Marquez",
        "wil": "van der Aalst, Wil",
        "joerg": "Dr. Jörg Mueller",
        "kare": "Kare Sorensen",
        "mary": "Mary O’Neil",
        "martin": "Martin L. King",
        "hoang": "Hoang Le",
    }
    assert own_papers(authors, people) == set(zip(authors, people, strict=True))


def test_other_initials_and_parts_of_double_names_are_not_the_author():
    authors = {"p1": ["Jones, Beth"], "p2": ["Anna Smith-Jones"], "p3": ["Anna"], "p4": []}
    assert own_papers(authors, {"anna": "Anna Jones", "first": "Anna", "nobody": ""}) == set()
