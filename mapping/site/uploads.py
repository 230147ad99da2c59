"""Upload limits, and permissions of uploaded files."""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

_BLOCK = 64 * 1024
# A browser that still sends does not listen: what it sends is thrown away until it can hear the
# answer.
_MOST_TO_DRAIN = 512 * 1024 * 1024


class BodyLimit:
    """413 for requests larger than any upload may be, by their declared size."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        size = declared_size(request)
        if size <= settings.BODY_LIMIT:
            return self.get_response(request)
        drain(request, size)
        context = {
            "size": filesizeformat(size),
            "limit": filesizeformat(max(settings.PDF_LIMIT, settings.IMPORT_LIMIT)),
        }
        return render(request, "413.html", context, status=413)


def declared_size(request):
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def drain(request, size):
    left = min(size, _MOST_TO_DRAIN)
    try:
        while left > 0:
            block = request.read(min(_BLOCK, left))
            if not block:
                return
            left -= len(block)
    except OSError:
        return


def close_to_others(folder):
    """Make a folder and all below it readable only for the user who runs Concord. Links are not
    followed.
    """
    if not Path(folder).is_dir():
        return
    for place, _, names in os.walk(folder):
        paths = [(place, settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)]
        paths += [(os.path.join(place, name), settings.FILE_UPLOAD_PERMISSIONS) for name in names]
        for path, mode in paths:
            # One that belongs to another user, or went meanwhile, is theirs to close.
            with suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, mode)
