"""What a request asks for, and what was typed into it."""


def is_part(request):
    """Asked for by htmx or a script, not by a browser going to a page."""
    if request.htmx:
        return not request.htmx.boosted and not request.htmx.history_restore_request
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return (
        mode != "navigate"
        or wants_json(request)
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
    )


def wants_json(request):
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def typed_fields(request):
    """What was posted, as [(name, value)], but for the form's token and passwords: no page repeats
    those.
    """
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and "password" not in name
    ]
