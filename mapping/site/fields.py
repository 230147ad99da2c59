"""Form fields for more than one page."""

from django import forms
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

from mapping.parsers.lengths import SENTENCES, excess
from mapping.parsers.lookalikes import visible


class LongTextField(forms.CharField):
    """A text with a maximum length that is checked on the server: with `max_length` browsers cut
    what is pasted.
    """

    def __init__(self, *, longest=SENTENCES, **kwargs):
        self.longest, self.standing = longest, None
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(**kwargs)

    def get_bound_field(self, form, field_name):
        # What stands there already stays valid, however long it is.
        self.standing = form.get_initial_for_field(self, field_name)
        return super().get_bound_field(form, field_name)

    def validate(self, value):
        super().validate(value)
        if (why := excess(value, self.longest)) and value != self.standing:
            raise ValidationError(f"This text {why}.", code="max_length")


class LabelField(forms.CharField):
    """A name on one line, without invisible characters."""

    def to_python(self, value):
        text = super().to_python(value)
        # A NUL is refused by the field's own validator, not taken for a blank.
        return text if "\0" in text else visible(text)


def refuse_too_large(upload, limit):
    """ValidationError by the declared size, before anything is read."""
    if upload.size > limit:
        raise ValidationError(
            f"{upload.name} has {filesizeformat(upload.size)}; at most {filesizeformat(limit)} are "
            "taken. Split it into smaller files."
        )


class LimitedFileField(forms.FileField):
    def __init__(self, *args, limit, **kwargs):
        self.limit = limit
        super().__init__(*args, **kwargs)

    def clean(self, value, initial=None):
        upload = super().clean(value, initial)
        if upload:
            refuse_too_large(upload, self.limit)
        return upload


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """One or more uploads, each within `limit` bytes."""

    widget = FilesInput

    def __init__(self, *args, limit, **kwargs):
        self.limit = limit
        super().__init__(*args, **kwargs)

    def clean(self, value, initial=None):
        uploads = [super(FilesField, self).clean(upload, initial) for upload in value or []]
        if self.required and not uploads:
            raise ValidationError(self.error_messages["required"], code="required")
        for upload in uploads:
            refuse_too_large(upload, self.limit)
        return uploads
