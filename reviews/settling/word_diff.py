"""The difference of two texts, word by word. No Django."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

# Chinese and Japanese are written without spaces: each character is compared by itself, with its
# own marks.
WITHOUT_SPACES = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
BELONGING = "\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
PUNCTUATION = (
    re.escape('.,;:!?()[]{}<>"“”„‘«»…—–/\\')
    + "\u3001\u3002\u300c-\u3011\uff01-\uff0f\uff1a-\uff20\u060c\u061b\u061f"
)
MOST_PAIRS = 20_000
WORD = re.compile(
    rf"\s*(?:[{WITHOUT_SPACES}][{BELONGING}]*|[{PUNCTUATION}]|[^\s{WITHOUT_SPACES}{PUNCTUATION}]+)\s*"
)


def word_diff(one: str, other: str) -> list[tuple[str, str]]:
    """Segments (op, words) with op "same", "only_one" or "only_other", in reading order.

    Case and punctuation count, the width of blanks does not. Joined, "same" and "only_one" are the
    first text letter by letter; "same" and "only_other" are the second, but for blanks.
    Right-to-left text stays in its logical order.
    """
    # Without a word there is nothing to find, and blanks alone would be looked through from each of
    # them.
    ones, others = (WORD.findall(text) if text.strip() else [] for text in (one, other))
    segments = []
    bare = ([word.strip() for word in words] for words in (ones, others))
    for operation, start, end, other_start, other_end in steps(*bare):
        if operation == "equal":
            segments.append(("same", "".join(ones[start:end])))
            continue
        if start < end:
            segments.append(("only_one", "".join(ones[start:end])))
        if other_start < other_end:
            segments.append(("only_other", "".join(others[other_start:other_end])))
    return segments


def steps(ones: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """The operations that turn the first list into the second, as SequenceMatcher's opcodes; equal
    words at both ends are compared separately.
    """
    start = shared(ones, others)
    end = shared(ones[start:][::-1], others[start:][::-1])
    between, other_between = ones[start : len(ones) - end], others[start : len(others) - end]
    frequent = too_frequent(between, other_between)
    if start:
        yield "equal", 0, start, 0, start
    matcher = SequenceMatcher(frequent.__contains__, between, other_between, autojunk=False)
    for operation, first, last, other_first, other_last in matcher.get_opcodes():
        yield operation, first + start, last + start, other_first + start, other_last + start
    if end:
        yield "equal", len(ones) - end, len(ones), len(others) - end, len(others)


def shared(ones: Sequence[str], others: Sequence[str]) -> int:
    """The number of equal words at the beginning."""
    pairs = enumerate(zip(ones, others, strict=False))
    return next(
        (index for index, (one, other) in pairs if one != other), min(len(ones), len(others))
    )


def too_frequent(ones: Sequence[str], others: Sequence[str]) -> set[str]:
    """Words that are no anchors: of the most frequent so many that the pairs of the others can be
    looked through.

    SequenceMatcher looks at every pair of equal words several times over. Where words repeat
    without end, as in a table of zeros or a line of dots, that is a coarser answer, but at once.
    """
    mine, theirs = Counter(ones), Counter(others)
    pairs, frequent = 0, set()
    for word in sorted(
        mine.keys() & theirs.keys(), key=lambda word: (mine[word] * theirs[word], word)
    ):
        pairs += mine[word] * theirs[word]
        if pairs > MOST_PAIRS:
            frequent.add(word)
    return frequent
