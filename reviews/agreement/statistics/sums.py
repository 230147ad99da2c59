"""Sums of rows by group for many bootstrap replicates at once: the inner loop of all
coefficients.
"""

import numpy as np

from reviews.agreement.statistics.arrays import Floats, Ints, Numbers

# Bytes looked at in one go.
PIECE = 2_000_000
# Groups up to this size are added member by member over all groups at once; the few larger ones
# each by themselves.
SMALL_GROUP = 48


class GroupSums:
    """Adds up rows: `sums(rows)[g]` is the sum of `rows[m]` over the members m of group g.

    `members`, `groups`: arrays of equal length. `rows` is members × replicates; the answer is
    groups × replicates.
    """

    def __init__(self, members: Ints, groups: Ints, size: int) -> None:
        order = np.argsort(groups, kind="stable")
        self._members = np.asarray(members)[order]
        lengths = np.bincount(groups, minlength=size)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self.size = size
        by_length = np.argsort(-lengths, kind="stable")
        lengths, starts = lengths[by_length], starts[by_length]
        large = int(np.searchsorted(-lengths, -SMALL_GROUP, side="left"))
        self._row_of = np.empty(size, dtype=np.intp)
        self._row_of[by_length] = np.arange(size)
        self._large = [
            self._members[s : s + n] for s, n in zip(starts[:large], lengths[:large], strict=True)
        ]
        self._steps = []
        deepest = int(lengths[large]) if large < size else 0
        for step in range(deepest):
            still = int(np.searchsorted(-lengths, -step, side="left"))
            self._steps.append(self._members[starts[large:still] + step])

    def unordered(self, rows: Numbers) -> Numbers:
        """The sums in the inner order, without a copy; `row_of[g]` is the row of group g."""
        large = len(self._large)
        sums: Numbers = np.empty((self.size, rows.shape[1]), dtype=rows.dtype)
        for group, members in enumerate(self._large):
            np.add.reduce(rows[members], axis=0, out=sums[group], dtype=rows.dtype)
        filled = len(self._steps[0]) if self._steps else 0
        sums[large + filled :] = 0
        for step, members in enumerate(self._steps):
            for start in range(0, len(members), self._height(rows)):
                piece = members[start : start + self._height(rows)]
                into = sums[large + start : large + start + len(piece)]
                if step == 0:
                    np.take(rows, piece, axis=0, out=into, mode="clip")
                else:
                    into += rows[piece]
        return sums

    @staticmethod
    def _height(rows: Numbers) -> int:
        # Pieces that stay in the cache of the processor: fresh memory would cost more than the
        # adding.
        return max(1, PIECE // max(rows.shape[1] * rows.itemsize, 1))

    @property
    def row_of(self) -> Ints:
        return self._row_of

    def __call__(self, rows: Numbers) -> Numbers:
        return self.unordered(rows)[self._row_of]


def weighted_sum(weights: Numbers, counts: Numbers, power: int = 1) -> Floats:
    """Σ over rows of weights[row] · counts[row, replicate] ** power, in floats, piece by piece."""
    total = np.zeros(counts.shape[1])
    height = max(1, PIECE // max(counts.shape[1] * total.itemsize, 1))
    for start in range(0, len(counts), height):
        part = counts[start : start + height].astype(float)
        total += weights[start : start + height] @ (part if power == 1 else part**power)
    return total


def marginals(columns: Ints, size: int) -> GroupSums:
    """`GroupSums` from pattern counts to how often each value was given: columns is raters ×
    patterns, -1 missing.
    """
    raters, patterns = np.nonzero(columns >= 0)
    return GroupSums(patterns, columns[raters, patterns], size)
