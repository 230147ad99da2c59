"""Names, where a study hides them while it settles: readers go by a letter, in another order on
every paper.

Nothing may lead from a letter to a name: where somebody typed a name, a neutral word stands for it,
the same for every member, since the letter in its place would tell the writer whose it is.
"""

import re

from mapping.models import User

NAME = "(name)"
SOMEBODY = "Somebody"


def called_for_all(study, user):
    """How a sentence that everybody may read calls the one who did something."""
    if user is None:
        return "Concord"
    return SOMEBODY if study.is_anonymous else str(user)


def pattern_of(study):
    """What finds the names of the members of the study in a text, or None."""
    people = User.objects.filter(memberships__study=study)
    names = {
        name
        for user in people
        for name in (user.username, user.name, user.get_short_name())
        if name
    }
    # The longest first: "Ben Okafor" before "Ben". Whole words: "ben" is not in "benefits".
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return (
        re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.IGNORECASE)
        if ordered
        else None
    )


def without_names(study, text, pattern=None):
    """What somebody typed, as everybody may read it in this study."""
    pattern = (pattern or pattern_of(study)) if study.is_anonymous and text else None
    return pattern.sub(NAME, text) if pattern else text
