"""What became of codes that stand in a draft: whoever is still writing chooses again there, and is told why."""

from mapping.models import Code, CodebookChange

GONE = {Code.Status.RETIRED, Code.Status.DECLINED}
ASKS_AGAIN = [CodebookChange.Act.SPLIT, CodebookChange.Act.DECLINE]


def notices(sheets):
    """`{section id: (sentence, …)}` for the chosen codes of these sheets that were split or declined.

    Nothing is asked of the database where all that is chosen is in use.
    """
    chosen = {}
    for sheet in sheets:
        codes = set(sheet.content.codes)
        for option in sheet.options:
            if option.pk in codes and option.status in GONE:
                chosen.setdefault(option.pk, (option, []))[1].append(sheet.pk)
    if not chosen:
        return {}
    changes = CodebookChange.objects.filter(code__in=chosen, act__in=ASKS_AGAIN, undone_by=None).order_by("version")
    last = {change.code_id: change for change in changes}
    made = Code.objects.in_bulk([pk for change in last.values() for pk in change.after.get("made", ())])
    found = {}
    for pk, change in last.items():
        option, sections = chosen[pk]
        for section in sections:
            found[section] = (*found.get(section, ()), sentence(option, change, made))
    return found


def sentence(option, change, made):
    into = ", ".join(f"“{made[pk]}”" for pk in change.after.get("made", ()) if pk in made)
    became = f"was split into {into}" if into else f"was {change.get_act_display().removeprefix('proposal ')}"
    return f"“{option.label}” {became}: choose again. Why: {change.reason}"
