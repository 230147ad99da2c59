"""What kept JSON must look like before a bundle may bring it in: pages and acts read it later
without asking.

Without that a study could be brought in whose pages fail, or whose changes, undone, write what no
change ever did.
"""

from datetime import datetime
from functools import cache

from jsonschema import Draft202012Validator, FormatChecker

from mapping.codebook.versions import FIELD_NAMES
from mapping.judgement.kinds import CODED
from mapping.judgement.values import Evidence
from mapping.parsers.lengths import LARGEST_UID
from reviews.codebook.code_moves import FLAGS

TEXT, WHOLE, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
FIGURE, WORDS = {"type": ["number", "null"]}, {"type": ["string", "null"]}


def thing(needed=(), **known):
    return {"type": "object", "required": [*needed, *known], "properties": known}


def several(inner):
    return {"type": "array", "items": inner}


def each(inner):
    return {"type": "object", "additionalProperties": inner}


def with_names(names, inner=None, **known):
    names = {"enum": [*names, *known]}
    return {
        "type": "object",
        "propertyNames": names,
        "properties": known,
        "additionalProperties": inner or {},
    }


COEFFICIENT = thing(
    metric=TEXT,
    value=FIGURE,
    low=FIGURE,
    high=FIGURE,
    reason=WORDS,
    papers=WHOLE,
    units=WHOLE,
    raters=WHOLE,
    replicates=WHOLE,
)
CODE = thing(
    code=TEXT,
    papers=WHOLE,
    krippendorff_alpha=FIGURE,
    low=FIGURE,
    high=FIGURE,
    reason=WORDS,
    units=WHOLE,
    positive_agreement=FIGURE,
    negative_agreement=FIGURE,
    percent_agreement=FIGURE,
    kappa=FIGURE,
    gwet_ac1=FIGURE,
    raters=WHOLE,
    differing=WHOLE,
    used_by=WHOLE,
)
REPORT = thing(
    phase=TEXT,
    section=TEXT,
    label=TEXT,
    kind={"enum": list(CODED)},
    round=TEXT,
    papers=WHOLE,
    units=WHOLE,
    raters=WHOLE,
    percent_agreement=FIGURE,
    differing=WHOLE,
    left_out=each(WHOLE),
    primary=TEXT,
    target=FIGURE,
    sentence=TEXT,
    prevalence=several(thing(value=TEXT, times=WHOLE, share={"type": "number"})),
    coefficients=each(COEFFICIENT) | {"required": ["krippendorff_alpha"]},
)
REPORT["properties"]["codes"] = several(CODE)
REPORT["properties"]["not_independent"] = WHOLE
FIGURES = thing(
    sections=several(REPORT), not_independent=WHOLE, replicates=WHOLE, seed=WHOLE, software=TEXT
)
FIGURES["properties"]["why_not_independent"] = each(WHOLE)
KEY = {"type": ["integer", "null"]}  # null where it is gone
FIGURES["properties"]["answers"] = several(
    {"type": "object", "properties": {"assignment": KEY, "revision": KEY}}
)

EVIDENCE_OF_CODE = {
    "type": "array",
    "minItems": 4,
    "maxItems": 1 + len(Evidence.FIELDS),
    "items": {"type": ["string", "integer"]},
}
SETTLED = thing(
    codes=several(WHOLE),
    absence=TEXT,
    none_apply=TRUTH,
    text=TEXT,
    yes_no={"type": ["boolean", "null"]},
    number={"type": ["string", "null"], "pattern": r"^-?\d{1,20}(\.\d{1,20})?$"},
    quotes=several(EVIDENCE_OF_CODE),
)
SAID = each(thing(codes=several(WHOLE), is_blank=TRUTH))
DECISION = {
    "type": "object",
    "required": ["settled"],
    "properties": {"settled": SETTLED, "said": SAID},
}

# A mark that comes back gets this one: it names nothing yet.
UID = {**KEY, "minimum": 1, "maximum": LARGEST_UID}


def by_number(inner, kind="object"):
    number = {"pattern": r"^[0-9]{1,16}$"}
    return {"type": kind, "propertyNames": number, "additionalProperties": inner}


KEYS = by_number(several(WHOLE))
CHANGE = {
    "type": "object",
    "properties": {
        "codes": by_number(
            # The section from which a code moved may be gone.
            with_names(FIELD_NAMES, parent_id=KEY, merged_into_id=KEY, section_id=WORDS),
            ["object", "array"],
        ),
        "marks": KEYS,
        "finding_marks": KEYS,
        # An answer that an undone move had made is gone.
        "answers": by_number(KEY),
        "flags": by_number(with_names(FLAGS, {"type": ["string", "boolean"]})),
        "set_aside": several(
            with_names(Evidence.FIELDS, TEXT, uid=UID, beside=KEY) | {"required": ["beside"]}
        ),
        "made": several(WHOLE),
        "tasks": several(WHOLE),
    },
}
# Compared as text: in UTC, as `isoformat` writes it.
MOMENT = {
    "type": ["string", "null"],
    "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]{8,15}\+00:00$",
    "format": "moment",
}
# Of a hand-out that may yet be undone; `loads` follows whoever gets another user name.
FACTS = {
    "type": "object",
    "properties": {
        "first": MOMENT,
        "last": MOMENT,
        "again": several(WHOLE),
        "loads": each(WHOLE),
    },
}
SHAPES = {
    "frozen_agreement": FIGURES,
    "content": DECISION,
    "before": CHANGE,
    "after": CHANGE,
    "facts": FACTS,
}
# Of these an empty one is refused too.
NEEDED = {"content"}


formats = FormatChecker(formats=())


@formats.checks("moment", raises=ValueError)
def is_moment(value):
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


@cache
def validator(name):
    shape = SHAPES.get(name, {"type": "object"})
    return Draft202012Validator(shape, format_checker=formats)


def check(name, value):
    """ValueError where this is not what a column of that name keeps."""
    error = next(validator(name).iter_errors(value), None)
    if error:
        place = ".".join(map(str, error.absolute_path))
        raise ValueError(f"{place or 'the whole'} is not what is kept there")
