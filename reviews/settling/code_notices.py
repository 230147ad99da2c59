"""What became of codes that stand in a draft: whoever is still writing chooses again there, and is
told why.
"""

from mapping.models import Code, CodebookChange

GONE = {Code.Status.RETIRED, Code.Status.DECLINED}
ASKS_AGAIN = [CodebookChange.Act.SPLIT, CodebookChange.Act.DECLINE]


def notices(sheets):
    """`{section id: (sentence, …)}` for the chosen codes of these sheets that were split or
    declined.

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
    last, made = last_changes(chosen)
    found = {}
    for pk, change in last.items():
        option, sections = chosen[pk]
        for section in sections:
            found[section] = (*found.get(section, ()), sentence(option, change, made))
    return found


def last_changes(codes):
    """What split or declined these codes, of one study: `({code's pk: CodebookChange}, {number:
    Code} of the codes that were made)`.
    """
    changes = CodebookChange.objects.filter(
        code__in=codes, act__in=ASKS_AGAIN, undone_by=None
    ).order_by("version")
    last = {change.code_id: change for change in changes}
    numbers = [number for change in last.values() for number in change.after.get("made", ())]
    studies = {change.study_id for change in last.values()}
    made = Code.objects.filter(section__study__in=studies, number__in=numbers) if numbers else []
    return last, {code.number: code for code in made}


def sentence(option, change, made):
    became = split_into(change, made) or change.get_act_display().removeprefix("proposal ")
    return f"“{option.label}” was {became}: choose again. Why: {change.reason}"


def split_into(change, made):
    into = ", ".join(
        f"“{made[number]}”" for number in change.after.get("made", ()) if number in made
    )
    return into and f"split into {into}"


def marked_labels(codes):
    """`{pk: label}` of these codes; one that is no longer in use says so: “Cost (split into
    “Hardware”, “People”)”.
    """
    codes = list(codes)
    unused = {code.pk: code for code in codes if code.status in GONE | {Code.Status.MERGED}}
    last, made = last_changes(unused) if unused else ({}, {})
    targets = Code.objects.in_bulk(
        {code.merged_into_id for code in unused.values() if code.merged_into_id}
    )

    def marked(code):
        if code.pk not in unused:
            return code.label
        status = code.get_status_display()
        if code.merged_into_id:
            status = f"merged into “{targets[code.merged_into_id]}”"
        elif code.pk in last:
            status = split_into(last[code.pk], made) or status
        return f"{code.label} ({status})"

    return {code.pk: marked(code) for code in codes}
