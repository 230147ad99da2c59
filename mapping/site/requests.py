"""What kind of response a request asks for, and which fields were posted."""


def is_part(request):
    """Whether htmx or a script asked, not a browser that loads a page."""
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
    """The posted fields as [(name, value)], without the CSRF token and passwords, which no page may
    repeat.
    """
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and "password" not in name
    ]
