"""Two texts word by word: what both say, what only one says. No Django."""

import re
from collections import Counter
from difflib import SequenceMatcher

# Chinese and Japanese are written without spaces: each character is compared by itself, with its own marks.
WITHOUT_SPACES = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BELONGING = "\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
PUNCTUATION = (
    re.escape('.,;:!?()[]{}<>"“”„‘«»…—–/\\') + "\u3001\u3002\u300c-\u3011\uff01-\uff0f\uff1a-\uff20\u060c\u061b\u061f"
)
MOST_PAIRS = 1_000_000
WORD = re.compile(rf"\s*(?:[{WITHOUT_SPACES}][{BELONGING}]*|[{PUNCTUATION}]|[^\s{WITHOUT_SPACES}{PUNCTUATION}]+)\s*")


def word_diff(one, other):
    """Segments (op, words) with op "same", "only_one" or "only_other", in reading order.

    Case and punctuation count, the width of blanks does not. Joined, "same" and "only_one" are the first text letter by
    letter; "same" and "only_other" are the second, but for blanks. Right-to-left text stays in its logical order.
    """
    ones, others = WORD.findall(one), WORD.findall(other)
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


def steps(ones, others):
    """How the first list becomes the second, as SequenceMatcher tells it."""
    mine, theirs = Counter(ones), Counter(others)
    pairs = sum(number * theirs[word] for word, number in mine.items())
    # Every pair of equal words is looked at several times over. Where words repeat without end, as in a table of zeros,
    # the frequent ones stop being anchors: a coarser answer, but at once.
    return SequenceMatcher(None, ones, others, autojunk=pairs > MOST_PAIRS).get_opcodes()
