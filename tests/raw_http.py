"""HTTP as it stands on the wire: Django's own client hides what a server really sends."""

import socket
from typing import NamedTuple


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection to a server: what is sent, and every byte that comes back."""

    def __init__(self, port, *, cookies="", timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.host = f"127.0.0.1:{port}"
        self.cookies = cookies
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, method, path, *, body=None, **headers):
        named = {"Host": self.host, "Cookie": self.cookies} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if body is not None:
            named["Content-Length"] = str(len(body))
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in named.items() if value),
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))

    def ask(self, method, path, **facts):
        self.send(method, path, **facts)
        return self.answer(method)

    def answer(self, method):
        """The next answer, read as a proxy reads it: a HEAD, a 204 and a 304 have no body, whatever
        they declare.
        """
        head = self.until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        assert first.startswith("HTTP/1."), f"This is no answer: {head[:200]!r}"
        status = int(first.split()[1])
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        if method == "HEAD" or status in {204, 304}:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self.chunks())
        if "content-length" in headers:
            return Answer(status, headers, self.exactly(int(headers["content-length"])))
        return Answer(status, headers, self.rest())

    def until(self, mark):
        while mark not in self.left:
            self.more()
        found, self.left = self.left.split(mark, 1)
        return found

    def exactly(self, size):
        while len(self.left) < size:
            self.more()
        found, self.left = self.left[:size], self.left[size:]
        return found

    def chunks(self):
        found = b""
        while size := int(self.until(b"\r\n"), 16):
            found += self.exactly(size)
            self.exactly(2)
        self.exactly(2)
        return found

    def rest(self):
        while block := self.socket.recv(65536):
            self.left += block
        found, self.left = self.left, b""
        return found

    def more(self):
        block = self.socket.recv(65536)
        if not block:
            raise ConnectionError(f"The server closed the connection after {self.left[:200]!r}")
        self.left += block
