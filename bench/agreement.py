"""Times the agreement of a large study, and the same figures by krippendorff, nltk and irrCAC in
the same run.

The references pin an old numpy and live in an environment of their own; this script saves ratings
in a temporary folder, lets `agreement_references.py` compute there, and checks that the values are
the same where the definitions are.
"""

import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reviews.agreement import (  # noqa: E402
    brennan_prediger,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    interval,
    krippendorff_alpha,
    measure,
    per_code,
)

REFERENCES = ROOT / ".venv-bench" / "bin" / "python"
PAPERS, REVIEWERS, CODES, REPLICATES = 10_000, 3, 30, 1_000
BAR = 2.0
STAGES = ["ad hoc", "manual", "automated", "optimised"]


def code_sets(random, papers, fewest=0):
    """What reviewers give of 30 codes, some of them frequent: they miss one in five and add one now
    and then.
    """
    shares = 1 / np.arange(1, CODES + 1) ** 0.8
    shares /= shares.sum()
    rows = [[] for _ in range(REVIEWERS)]
    for _ in range(papers):
        size = max(fewest, min(int(random.poisson(2.5)), 8))
        true = random.choice(CODES, size, replace=False, p=shares).tolist()
        for row in rows:
            given = {code for code in true if random.random() < 0.8}
            given.update(random.choice(CODES, random.poisson(0.4), p=shares).tolist())
            row.append(frozenset(f"code {code:02}" for code in given or true[:fewest]))
    return rows


def values(random, papers, size, spread):
    """What reviewers give of `size` ordered values: the true one, or one up to `spread`
    beside it.
    """
    true = random.integers(0, size, papers)
    near = [
        random.integers(-spread, spread + 1, papers) * (random.random(papers) < 0.3)
        for _ in range(REVIEWERS)
    ]
    return [np.clip(true + away, 0, size - 1).tolist() for away in near]


def thinned(random, rows, share=0.05):
    return [[None if random.random() < share else value for value in row] for row in rows]


def study(random):
    """Eight sections: (name, ratings, coefficient)."""
    masi = partial(krippendorff_alpha, metric="masi")
    sections = [(f"codes {number}", code_sets(random, PAPERS), masi) for number in range(1, 5)]
    stages = [[STAGES[value] for value in row] for row in values(random, PAPERS, 4, 1)]
    sections += [
        ("code", values(random, PAPERS, 8, 7), krippendorff_alpha),
        ("yes_no", values(random, PAPERS, 2, 1), krippendorff_alpha),
        ("stage", stages, partial(krippendorff_alpha, metric="ordinal", categories=STAGES)),
        ("number", values(random, PAPERS, 200, 20), partial(krippendorff_alpha, metric="interval")),
    ]
    return [(name, thinned(random, rows), coefficient) for name, rows, coefficient in sections]


def timed(function, times=3):
    """(result, best wall seconds, best processor seconds): the best run is the one least disturbed
    by others.
    """
    wall, processor = [], []
    for _ in range(times):
        start, start_processor = time.perf_counter(), time.process_time()
        result = function()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
    return result, min(wall), min(processor)


def time_study(random):
    print(
        f"{PAPERS:,} papers × {REVIEWERS} reviewers × 8 sections, alpha with {REPLICATES:,} "
        "replicates, best of 3 runs"
    )
    total = total_processor = 0.0
    sections = study(random)
    for name, ratings, coefficient in sections:
        figure, wall, processor = timed(lambda r=ratings, c=coefficient: measure(r, c, REPLICATES))
        total, total_processor = total + wall, total_processor + processor
        print(
            f"  {name:8} {wall * 1000:7.0f} ms   alpha {figure.value:.3f} [{figure.low:.3f}, "
            f"{figure.high:.3f}] of {figure.papers:,} papers, {figure.units:,} ratings"
        )
    # The bar is on computing: processor time of all threads, which waiting for other programs does
    # not lengthen much.
    verdict = "held" if total_processor < BAR else "MISSED"
    print(
        f"  together {total_processor:.2f} s of processor, bar {BAR} s {verdict}; {total:.2f} s by "
        "the clock"
    )
    _, wall, _ = timed(lambda: per_code(sections[0][1], replicates=REPLICATES), 1)
    print(
        f"  besides: {CODES} codes of one section, each alpha with {REPLICATES:,} replicates, "
        f"kappa, AC1 … {wall:.2f} s"
    )


def comparisons(random):
    """(reference, what, size, ratings, our function of ratings, digits that agree); None where
    definitions differ.
    """
    scale, number = (
        thinned(random, values(random, PAPERS, 4, 1)),
        thinned(random, values(random, PAPERS, 200, 20)),
    )
    small, sets = values(random, 2_000, 5, 4), code_sets(random, 300, fewest=1)
    for metric, ratings in (("nominal", scale), ("ordinal", scale), ("interval", number)):
        alpha = partial(krippendorff_alpha, metric=metric)
        yield "krippendorff", metric, ratings, alpha, 9
    bounds = partial(interval, coefficient=krippendorff_alpha, replicates=100)
    yield "krippendorff", "nominal, 100 replicates", scale, bounds, None
    yield "nltk", "jaccard", sets, partial(krippendorff_alpha, metric="jaccard"), 9
    yield "nltk", "masi", sets, partial(krippendorff_alpha, metric="masi"), None
    for name, function in (
        ("gwet", gwet_ac),
        ("conger", conger_kappa),
        ("bp", brennan_prediger),
        ("fleiss", fleiss_kappa),
        ("krippendorff", krippendorff_alpha),
    ):
        yield "irrCAC", name, small, function, 5


def compare(random):
    """True when every value agrees that should."""
    if not REFERENCES.exists():
        print("\nNOT COMPARED: the references are not installed. Make their environment with")
        print(
            "  python3 -m venv .venv-bench && .venv-bench/bin/pip install --require-hashes -r "
            "requirements-bench.txt"
        )
        return True
    print(
        "\nthe same figures by others, best of 3 runs each; ratio: how many times as long they take"
    )
    all_agree = True
    for reference, what, ratings, function, digits in comparisons(random):
        ours, wall, _ = timed(lambda f=function, r=ratings: f(r))
        theirs = ask(reference, what, ratings)
        agrees = digits is None or abs(ours - theirs["value"]) < 10**-digits
        all_agree = all_agree and agrees
        verdict = (
            "defined otherwise"
            if digits is None
            else "same value"
            if agrees
            else f"DIFFERS: {theirs['value']}"
        )
        print(
            f"  {reference:12} {what:24} {len(ratings[0]):6,} papers  ours {wall * 1000:8.1f} ms  "
            f"theirs {theirs['seconds'] * 1000:9.1f} ms  ratio {theirs['seconds'] / wall:8.1f}  "
            f"{verdict}"
        )
    print(
        "  nltk rounds M of MASI to 0.67 and 0.33; its replicates and those of krippendorff are "
        "drawn by other means"
    )
    return all_agree


def ask(reference, what, ratings):
    as_lists = [
        [sorted(value) if isinstance(value, frozenset) else value for value in row]
        for row in ratings
    ]
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"reference": reference, "what": what, "ratings": as_lists}))
        script = Path(__file__).with_name("agreement_references.py")
        answer = subprocess.run(
            [REFERENCES, script, task], check=True, capture_output=True, text=True
        )
    return json.loads(answer.stdout)


def main():
    random = np.random.default_rng(2024)
    time_study(random)
    sys.exit(0 if compare(random) else 1)


if __name__ == "__main__":
    main()
