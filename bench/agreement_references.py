"""Runs in the environment of the references: reads a task, prints `{"value", "seconds"}`, the best
of three runs.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np


def by_krippendorff(what, ratings):
    import krippendorff

    matrix = np.array(
        [[np.nan if value is None else value for value in row] for row in ratings], dtype=float
    )
    if "replicates" not in what:
        return lambda: krippendorff.alpha(matrix, level_of_measurement=what)
    random = np.random.default_rng(0)

    def bounds():
        papers = matrix.shape[1]
        drawn = [
            krippendorff.alpha(
                matrix[:, random.integers(0, papers, papers)], level_of_measurement="nominal"
            )
            for _ in range(100)
        ]
        return float(np.quantile(drawn, 0.025))

    return bounds


def by_nltk(what, ratings):
    from nltk.metrics import jaccard_distance, masi_distance
    from nltk.metrics.agreement import AnnotationTask

    rows = [
        (str(r), str(p), frozenset(said))
        for r, row in enumerate(ratings)
        for p, said in enumerate(row)
    ]
    distance = jaccard_distance if what == "jaccard" else masi_distance
    return lambda: AnnotationTask(data=rows, distance=distance).alpha()


def by_irrcac(what, ratings):
    import pandas
    from irrCAC.raw import CAC

    frame = pandas.DataFrame(np.array(ratings).T)
    return lambda: getattr(CAC(frame, digits=12), what)()["est"]["coefficient_value"]


def main():
    task = json.loads(Path(sys.argv[1]).read_text())
    ways = {"krippendorff": by_krippendorff, "nltk": by_nltk, "irrCAC": by_irrcac}
    function = ways[task["reference"]](task["what"], task["ratings"])
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        value = function()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"value": float(value), "seconds": min(seconds)}))


if __name__ == "__main__":
    main()
