"""Calling an act from a view."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.forms import BaseForm

Result = TypeVar("Result")


def carried_out(
    form: BaseForm, act: Callable[..., Result], *arguments: Any, **facts: Any
) -> Result | None:
    """What the act returns; None where it raises ValidationError, which becomes an error of the
    form.
    """
    try:
        return act(*arguments, **facts)
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return None
