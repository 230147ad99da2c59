"""Answers without a body: to HEAD, and those whose status allows none. The outermost layer of the
application.

Gunicorn sends whatever it is given, also behind the headers of an answer to HEAD. Whoever reads the
connection, a proxy above all, takes those bytes for the next answer; and a file that somebody
uploaded may begin like one.
"""

from collections.abc import Callable, Iterable
from types import TracebackType
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_BODILESS = {"204", "304"}


OptionalError = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
)


class HeadRequests:
    """WSGI: HEAD is answered as GET would be, with the same headers, and no byte follows them."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        if is_head:
            # A view that takes GET takes HEAD too. Ranges are defined for GET alone.
            environ = {**environ, "REQUEST_METHOD": "GET"}
            environ.pop("HTTP_RANGE", None)
        begun = Start(start_response)
        body = self.application(environ, begun)
        if not is_head and begun.status not in _BODILESS:
            return body
        if hasattr(body, "close"):
            body.close()
        return []


class Start:
    """Hands status and headers on, and remembers the status."""

    def __init__(self, start_response: StartResponse) -> None:
        self.start_response = start_response
        self.status = ""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptionalError = None
    ) -> Callable[[bytes], object]:
        self.status = status[:3]
        if self.status in _BODILESS:
            # It would be the length of nothing, and not of what GET gives.
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        return self.start_response(status, headers, exc_info)
