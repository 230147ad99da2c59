"""Distances between distinct values, and their sum over all pairs of ratings: the expected
disagreement of alpha.

A distance kind knows `between(a, b)` for arrays of value indexes, and `quadratic(counts)`: for
every replicate the sum over all ordered pairs of values of counts[a] · counts[b] · distance(a, b).
counts is values × replicates.
"""

from collections.abc import Callable, Iterable

import numpy as np

from reviews.agreement.statistics.arrays import Floats, Ints, Masks, Numbers
from reviews.agreement.statistics.ratings import Table, Value, comparable, in_order, named
from reviews.agreement.statistics.sums import GroupSums, weighted_sum

# Up to here a full matrix of distances is quickest; it costs values² per replicate, one matrix
# product.
FULL_MATRIX = 1200
# What one addition of the lattice costs beside one multiplication of the matrix product, measured.
ADDITION_COST = 60
WORD = 64
KEY_BITS = 57  # a subset and a set size share 64 bits


# The sizes of two sets, and of what they share -> how similar they are.
Similarity = Callable[[Ints, Ints, Ints], Floats]


class RatioDistance:
    """((a - b) / (a + b))², 0 for two zeros (Krippendorff 2011). ValueError for negative values."""

    def __init__(self, table: Table) -> None:
        self._values = table.numbers()
        if self._values.size and self._values.min() < 0:
            raise ValueError(
                f"The ratio metric needs values of 0 or more, not {self._values.min():g}."
            )
        self._blocks = _Blocks(self._values.size, self._part)

    def between(self, first: Ints, second: Ints) -> Floats:
        return self._distance(self._values[first], self._values[second])

    def quadratic(self, counts: Numbers) -> Floats:
        return self._blocks.quadratic(counts)

    def _part(self, rows: slice, columns: slice) -> Floats:
        return self._distance(self._values[rows, None], self._values[None, columns])

    @staticmethod
    def _distance(first: Floats, second: Floats) -> Floats:
        total = first + second
        return np.divide(first - second, total, out=np.zeros_like(total), where=total > 0) ** 2


class SetDistance:
    """1 - J, or 1 - J·M: J the Jaccard index |A∩B| / |A∪B|, M of MASI (Passonneau 2006, LREC): 1
    for equal sets, 2/3 where one holds the other, 1/3 where they overlap, 0 where they do not. Two
    empty sets are equal, distance 0; an empty and a filled one share nothing, distance 1.

    Both depend on the two sizes and the size of the intersection alone, which is what makes them
    quick to sum.
    """

    def __init__(
        self, table: Table, labels: Iterable[Value] | None = None, is_masi: bool = False
    ) -> None:
        self._is_masi = is_masi
        sets = _sets_of(table)
        labels = _labels_of(sets, labels)
        bits = {label: bit for bit, label in enumerate(labels)}
        member = np.zeros((len(table.values), max(len(labels), 1)), dtype=bool)
        self._sizes = np.array([len(members) for members in sets], dtype=np.int64)
        rows = np.repeat(np.arange(len(table.values)), self._sizes)
        member[rows, [bits[label] for members in sets for label in members]] = True
        self.member = member
        padded = np.zeros((len(member), -(-member.shape[1] // WORD) * WORD), dtype=bool)
        padded[:, : member.shape[1]] = member
        self._masks = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
        self._sum: _Blocks | SharedSubsets | None = None

    def between(self, first: Ints, second: Ints) -> Floats:
        shared = np.bitwise_count(self._masks[first] & self._masks[second]).sum(axis=-1)
        return 1 - self.similarity(self._sizes[first], self._sizes[second], shared)

    def similarity(self, size: Ints, other_size: Ints, shared: Ints) -> Floats:
        """J, or J·M, from sizes; arrays of equal shape."""
        size, other_size, shared = (
            np.asarray(count, dtype=np.int64) for count in (size, other_size, shared)
        )
        union = size + other_size - shared
        jaccard = np.where(union == 0, 1.0, shared / np.maximum(union, 1))
        if not self._is_masi:
            return jaccard
        is_inside = shared == np.minimum(size, other_size)
        is_same = is_inside & (size == other_size)
        return jaccard * np.select([is_same, is_inside, shared > 0], [1.0, 2 / 3, 1 / 3], 0.0)

    def quadratic(self, counts: Numbers) -> Floats:
        if self._sum is None:
            self._sum = self._way_to_sum()
        return self._sum.quadratic(counts)

    def _way_to_sum(self) -> "_Blocks | SharedSubsets":
        values, labels = self.member.shape
        subsets = float(np.exp2(self._sizes.astype(float)).sum())
        if values <= FULL_MATRIX or labels > KEY_BITS or subsets * ADDITION_COST > values**2:
            return _Blocks(values, self._part)
        return SharedSubsets(self._masks[:, 0], self._sizes, self.similarity)

    def _part(self, rows: slice, columns: slice) -> Floats:
        shared = (
            self.member[rows].astype(np.float32) @ self.member[columns].T.astype(np.float32)
        ).astype(np.int64)
        first, second = np.broadcast_arrays(self._sizes[rows, None], self._sizes[None, columns])
        top = int(self._sizes.max(initial=0)) + 1
        if top**3 > shared.size:
            return 1 - self.similarity(first, second, shared)
        # Sets are small and pairs are many: the fraction is looked up, not computed, for each pair.
        size, other_size, common = np.ogrid[:top, :top, :top]
        by_sizes = 1 - self.similarity(
            *np.broadcast_arrays(size, other_size, np.minimum(common, np.minimum(size, other_size)))
        )
        return by_sizes.ravel()[(first * top + second) * top + shared]


def _sets_of(table: Table) -> list[frozenset[Value]]:
    """The values of the table; ValueError where one is no set of labels."""
    sets: list[frozenset[Value]] = []
    for value in table.values:
        if not isinstance(value, frozenset):
            raise ValueError(
                f"{named(value)} is not a set of labels, which the metrics jaccard and masi need."
            )
        sets.append(value)
    return sets


def _labels_of(sets: Iterable[frozenset[Value]], declared: Iterable[Value] | None) -> list[Value]:
    """The declared labels, else those seen; ValueError where one seen is not declared."""
    used = {label for members in sets for label in members}
    if declared is None:
        return in_order(used)
    known = list(dict.fromkeys(map(comparable, declared)))
    foreign = used.difference(known)
    if foreign:
        first = min(map(named, foreign))
        raise ValueError(
            f"{first} is not among the categories {', '.join(map(named, known[:12]))}."
        )
    return known


class _Blocks:
    """The sum over pairs as matrix products by blocks of rows, using the symmetry of
    the distance.
    """

    CELLS = 4_000_000

    def __init__(self, values: int, part: Callable[[slice, slice], Floats]) -> None:
        self._values = values
        self._part = part
        self._kept: dict[tuple[int, int], Floats] = {}

    def quadratic(self, counts: Numbers) -> Floats:
        counts = np.ascontiguousarray(counts, dtype=float)
        total = np.zeros(counts.shape[1])
        height = max(1, min(self._values, self.CELLS // max(self._values, 1)))
        for start in range(0, self._values, height):
            rows, after = slice(start, start + height), slice(start + height, None)
            own = self._distances(rows, rows) @ counts[rows]
            rest = self._distances(rows, after) @ counts[after]
            total += np.einsum("ab,ab->b", counts[rows], own) + 2 * np.einsum(
                "ab,ab->b", counts[rows], rest
            )
        return total

    def _distances(self, rows: slice, columns: slice) -> Floats:
        if self._values > FULL_MATRIX:
            return self._part(rows, columns)
        key = (rows.start, columns.start)
        if key not in self._kept:
            self._kept[key] = self._part(rows, columns)
        return self._kept[key]


class SharedSubsets:
    """The sum over pairs of sets without going over the pairs.

    A similarity K(s, t, i) of two sizes and the size of the intersection is, by binomial inversion,
    the sum over k of c_k(s, t) · C(i, k), and C(|A∩B|, k) counts the subsets of size k that A and B
    share. So the sum over pairs (A, B) is the sum over subsets T of c_|T|(s, t) · N_s(T) · N_t(T),
    where N_s(T) counts the ratings of size s that hold T. Coded papers carry few codes each, so
    that there are far fewer subsets than pairs. Exact, not an approximation.
    """

    def __init__(self, masks: Masks, sizes: Ints, similarity: Similarity) -> None:
        self._empty = np.flatnonzero(sizes == 0)
        self._coefficients = _inverted(int(sizes.max()), similarity)
        subsets, owners = _subsets(masks, sizes)
        key = (subsets << np.uint64(WORD - KEY_BITS)) | sizes[owners].astype(np.uint64)
        order = np.argsort(key)
        key, owners = key[order], owners[order]
        subset = key >> np.uint64(WORD - KEY_BITS)
        first = np.append(True, subset[1:] != subset[:-1])
        is_alone = first & np.append(first[1:], True)
        self._own = self._of_alone(subset[is_alone], owners[is_alone], sizes)
        self._arrange(key[~is_alone], owners[~is_alone])

    def _of_alone(self, subset: Masks, owners: Ints, sizes: Ints) -> Floats:
        """A subset held by one set only adds to that set's product with itself."""
        size = sizes[owners]
        weights = self._coefficients[np.bitwise_count(subset).astype(np.intp), size, size]
        return np.bincount(owners, weights=weights, minlength=len(sizes)).astype(float, copy=False)

    def _arrange(self, key: Masks, owners: Ints) -> None:
        """One row per subset and size; subsets with equally many sizes are one stack of small
        matrices.
        """
        is_new = np.append(True, key[1:] != key[:-1]) if key.size else np.zeros(0, dtype=bool)
        row = np.cumsum(is_new) - 1
        key = key[is_new]
        self._sums = GroupSums(owners, row, len(key))
        subset, size = (
            key >> np.uint64(WORD - KEY_BITS),
            (key & np.uint64(2 ** (WORD - KEY_BITS) - 1)).astype(np.intp),
        )
        starts = (
            np.flatnonzero(np.append(True, subset[1:] != subset[:-1]))
            if key.size
            else np.zeros(0, dtype=np.intp)
        )
        widths = np.diff(np.append(starts, len(key)))
        self._stacks: list[tuple[Ints, Floats]] = []
        for width in np.unique(widths):
            rows = starts[widths == width][:, None] + np.arange(width)
            taken = np.bitwise_count(subset[rows[:, 0]]).astype(np.intp)
            sizes = size[rows]
            factors = self._coefficients[taken[:, None, None], sizes[:, :, None], sizes[:, None, :]]
            self._stacks.append((self._sums.row_of[rows], factors))

    def quadratic(self, counts: Numbers) -> Floats:
        total = counts.sum(axis=0, dtype=float)
        similar = np.square(counts[self._empty].sum(axis=0, dtype=float))
        similar += weighted_sum(self._own, counts, power=2)
        sums = self._sums.unordered(counts)
        for rows, factors in self._stacks:
            # Pieces that stay in the cache of the processor.
            height = max(1, 400_000 // (rows.shape[1] * counts.shape[1]))
            for start in range(0, len(rows), height):
                part = sums[rows[start : start + height]].astype(float)
                similar += np.einsum("gsb,gsb->b", part, factors[start : start + height] @ part)
        return total * total - similar


def _subsets(masks: Masks, sizes: Ints) -> tuple[Masks, Ints]:
    """Every non-empty subset of every set: (the subsets as masks, the index of the set each belongs
    to).
    """
    subsets, owners = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.intp)]
    for size in np.unique(sizes[sizes > 0]):
        of_size = np.flatnonzero(sizes == size)
        bits = np.unpackbits(masks[of_size, None].view(np.uint8), axis=1, bitorder="little")
        single = np.uint64(1) << np.nonzero(bits)[1].reshape(len(of_size), size).astype(np.uint64)
        held = np.zeros((len(of_size), 1), dtype=np.uint64)
        for label in range(size):
            held = np.hstack([held, held | single[:, label, None]])
        subsets.append(held[:, 1:].ravel())
        owners.append(np.repeat(of_size, held.shape[1] - 1))
    return np.concatenate(subsets), np.concatenate(owners)


def _inverted(top: int, similarity: Similarity) -> Floats:
    """c[k, s, t] with K(s, t, i) = Σ_k c[k, s, t] · C(i, k), for sizes of 1 and more."""
    size, other_size = np.meshgrid(np.arange(top + 1), np.arange(top + 1), indexing="ij")
    most = np.minimum(size, other_size)
    differences = np.array(
        [
            np.where(
                (i <= most) & (most > 0), similarity(size, other_size, np.minimum(i, most)), 0.0
            )
            for i in range(top + 1)
        ]
    )
    # The leading entries of the repeated differences are the coefficients of Newton's forward form.
    coefficients = np.empty_like(differences)
    for k in range(top + 1):
        coefficients[k] = np.where(most >= k, differences[0], 0.0)
        differences = differences[1:] - differences[:-1]
    return coefficients
