"""Maximum lengths of texts, for models, forms, parsers and bundles.

Columns with a length of their own (labels, keys, names) say it in the model. These are the texts
whose columns have none. All that is searched of a paper together stays below what PostgreSQL can
index, in any script: 1 MB.
"""

from mapping.parsers.paper_fields import FIELDS
from mapping.parsers.records import PaperRecord

SENTENCES = 20_000  # what explains: definitions, guidance, reasons
PROSE = 100_000  # what is read out of a paper: quotes, notes on them, answers in one's own words
# Of a paper: `{field: length}`.
PAPER = {one.name: one.longest for one in FIELDS if one.longest}
# A field of an entry that has no column, and all of them together.
OTHER_FIELD, OTHER_FIELDS = 100_000, 500_000
# A uid (mapping/models/fields.py) is no larger: beyond it the numbers of JSON are not exact.
LARGEST_UID = 2**53


def excess(text: str, longest: int) -> str:
    """What is wrong with the length of this text, to follow its name; empty where nothing is."""
    if len(text) <= longest:
        return ""
    return f"has {len(text):,} characters; at most {longest:,} are taken"


def excess_of_record(record: PaperRecord) -> str:
    """Why a PaperRecord is too long to be kept, field by field named; empty where it is not."""
    texts = {name: getattr(record, name) for name in PAPER}
    texts |= {one.name: "; ".join(texts[one.name]) for one in FIELDS if one.is_several}
    reasons = [
        f"the {name} {why}" for name, text in texts.items() if (why := excess(text, PAPER[name]))
    ]
    others = {
        name: text
        for name, text in record.__dict__.items()
        if isinstance(text, str) and name not in PAPER
    }
    others |= record.raw
    reasons += [
        f"the field “{name[:60]}” {why}"
        for name, text in others.items()
        if (why := excess(text, OTHER_FIELD))
    ]
    if not reasons and (why := excess("".join([*record.raw, *record.raw.values()]), OTHER_FIELDS)):
        reasons.append(f"what has no column of its own {why}")
    return "; ".join(reasons)
