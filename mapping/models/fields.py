from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast, Random

from mapping.parsers.lengths import LARGEST_UID, excess


class NumberField(models.PositiveIntegerField):
    """What a row is called in its study, from 1: in files and in JSON that is kept, since a primary
    key means something on one site alone. It never changes, and no other row ever gets it. A
    trigger gives it; a study that comes from a bundle brings its own.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "db_default": 0, "editable": False})

    def deconstruct(self):
        return without_its_own(super().deconstruct())


class UidField(models.BigIntegerField):
    """As `NumberField` for rows of which there are hundreds of thousands: a number by chance, which
    no other row of the study has. So nobody waits for anybody who counts, a study that comes in
    meets no other, and it tells nothing of how many there are. It fits the whole numbers of JSON.
    """

    def __init__(self, *args, **kwargs):
        number = Cast(Random() * Value(LARGEST_UID - 1), models.BigIntegerField())
        super().__init__(*args, **{**kwargs, "db_default": number, "editable": False})

    def deconstruct(self):
        return without_its_own(super().deconstruct())


def without_its_own(deconstructed):
    """How migrations write such a field: without what every one of them has."""
    name, path, args, kwargs = deconstructed
    own = {"db_default", "editable"}
    return name, path, args, {key: value for key, value in kwargs.items() if key not in own}


class LimitedTextField(models.TextField):
    """A text that is refused beyond its longest length. What is there already stays valid, however
    long it is.

    The database does not know of the length, so that a longer one that came in before neither
    breaks nor is cut. The form has no `maxlength` either: a browser would cut what is pasted
    without a word.
    """

    def __init__(self, *args, longest=None, **kwargs):
        self.longest = longest
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def validate(self, value, model_instance):
        super().validate(value, model_instance)
        why = excess(value or "", self.longest) if self.longest else ""
        if why and not self.is_there_already(value, model_instance):
            raise ValidationError(f"This text {why}.", code="max_length")

    def is_there_already(self, value, model_instance):
        if model_instance is None or model_instance._state.adding:
            return False
        return (
            type(model_instance)
            ._base_manager.filter(pk=model_instance.pk, **{self.attname: value})
            .exists()
        )


def too_long(thing, times=1):
    """`(field, why)` of every text of this thing that is longer than so many times its longest
    length.
    """
    for field in thing._meta.concrete_fields:
        if isinstance(field, LimitedTextField) and field.longest:
            value = getattr(thing, field.attname)
            why = excess(value or "", times * field.longest)
            if why and not field.is_there_already(value, thing):
                yield field, why


def check_lengths(*things, place=""):
    """ValidationError where a text of these is too long, naming the field; `place` says where it
    stood.
    """
    for thing in things:
        for field, why in too_long(thing):
            start = f"{place}: the" if place else "The"
            raise ValidationError(f"{start} {field.verbose_name} {why}.")
