"""How a view carries out an act that may refuse."""

from django.core.exceptions import ValidationError


def carried_out(form, act, *arguments, **facts):
    """What the act returns; None when it refuses, and then the form says why."""
    try:
        return act(*arguments, **facts)
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return None
