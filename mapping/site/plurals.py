"""Numbers with their noun: "1 paper", "1,204 papers", never "1 papers"."""

_SINGULAR = {
    "people": "person",
    "uses of codes": "use of codes",
    "draft summaries": "draft summary",
}


def noun_for(number: int, plural: str) -> str:
    """The noun in singular or plural, from its plural."""
    if number != 1:
        return plural
    if plural in _SINGULAR:
        return _SINGULAR[plural]
    return plural.removesuffix("ies") + "y" if plural.endswith("ies") else plural.removesuffix("s")


def counted(number: int, plural: str) -> str:
    return f"{number:,} {noun_for(number, plural)}"
