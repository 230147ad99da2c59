"""A gunicorn worker that gives a request to the application's few threads once all of it is here.

Gunicorn's own lets a thread wait for the rest of a request, for ever: a dozen half-sent forms hold
everybody up. Here many light threads do the waiting, with an end to it; where too many wait, the
one that was silent longest is dropped.
"""

import errno
import math
import selectors
import socket
import tempfile
import time
from concurrent import futures
from contextlib import suppress
from functools import partial

from django.conf import settings
from gunicorn import util
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    InvalidChunkExtension,
    InvalidChunkSize,
    NoMoreData,
)
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

READERS = 200  # requests of one worker that may be on their way at once
SILENT = 500  # connections that may be open and have said nothing yet
HEAD_SECONDS = 15
# and more for what has come: an upload over a slow line takes as long as it takes
BODY_SECONDS = 30
SLOWEST = 4 * 1024  # bytes a second
ANSWER_SECONDS = 30  # without anybody taking a byte of an answer
_IN_MEMORY = 512 * 1024
_BLOCK = 64 * 1024
# A browser that still sends does not listen: what is too large is thrown away until it can hear the
# answer.
_MOST_TO_DRAIN = 512 * 1024 * 1024


class TooSlow(Exception):
    """The rest of a request did not come in time."""


class WholeRequestWorker(ThreadWorker):
    def init_process(self):
        self.readers = futures.ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self.receiving = set()
        super().init_process()

    def enqueue_req(self, conn):
        if not conn.initialized and not conn.data_ready:
            self.await_first_byte(conn)
            return
        if len(self.receiving) >= READERS:
            self.drop_most_silent()
        conn.heard_at = time.monotonic()
        self.receiving.add(conn)
        self.readers.submit(self.receive, conn).add_done_callback(partial(self.received, conn))

    def await_first_byte(self, conn):
        """Browsers open connections in stock: the poller watches over them, and no thread."""
        if len(self.pending_conns) >= SILENT:
            self.pending_conns[0].timeout = 0
            self.murder_pending()
        conn.sock = PatientSocket(fileno=conn.sock.detach())
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
        )

    def drop_most_silent(self):
        silent = min(list(self.receiving), key=lambda conn: conn.heard_at)
        silent.heard_at = math.inf
        with suppress(OSError):
            silent.sock.shutdown(socket.SHUT_RDWR)

    def receive(self, conn):
        """In a thread of the readers. What goes wrong is kept, and said where gunicorn
        expects it.
        """
        conn.sock.setblocking(True)
        conn.init()
        if not isinstance(conn.parser, WholeRequestParser):
            conn.parser = WholeRequestParser(conn)
        conn.parser.receive()

    def received(self, conn, future):
        self.receiving.discard(conn)
        if future.exception():
            self.method_queue.defer(self.finish_request, conn, future)
        else:
            super().enqueue_req(conn)

    def finish_request(self, conn, fs):
        """The next request may have come with the last one; then nothing more will make the socket
        readable.
        """
        is_kept = self.alive and not fs.cancelled() and not fs.exception() and fs.result() is True
        if is_kept and conn.parser.unreader.has_more:
            self.enqueue_req(conn)
        else:
            super().finish_request(conn, fs)


class PatientSocket(socket.socket):
    """Blocks as long as the other side takes some bytes of an answer now and then, and no
    longer.
    """

    def setblocking(self, flag):
        self.settimeout(ANSWER_SECONDS if flag else 0)

    def sendall(self, data, flags=0):
        # Python's own counts the time for all of it, which a slow line may well need.
        left = memoryview(data)
        while left:
            left = left[self.give(self.send, left[:_BLOCK], flags) :]

    def sendfile(self, *args, **kwargs):
        return self.give(super().sendfile, *args, **kwargs)

    def give(self, send, *args, **kwargs):
        try:
            return send(*args, **kwargs)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "Nobody takes the answer.") from error


class Unreader(SocketUnreader):
    """Reads from the socket until a moment that moves on with what has come."""

    def __init__(self, conn):
        super().__init__(conn.sock, max_chunk=_BLOCK)
        self.conn = conn

    def begin(self, seconds):
        self.until = time.monotonic() + seconds

    def chunk(self):
        left = self.until - time.monotonic()
        if left <= 0:
            raise TooSlow
        self.sock.settimeout(left)
        try:
            block = super().chunk()
        except TimeoutError as error:
            raise TooSlow from error
        self.conn.heard_at = max(self.conn.heard_at, time.monotonic())
        self.until += len(block) / SLOWEST
        return block

    @property
    def has_more(self):
        return self.buf.getbuffer().nbytes > 0


class WholeRequestParser(RequestParser):
    """Parses a request in one thread, body and all, and hands it out in another."""

    def __init__(self, conn):
        super().__init__(conn.cfg, conn.sock, conn.client)
        self.sock = conn.sock
        self.unreader = Unreader(conn)
        self.failure = None

    def receive(self):
        self.failure = None
        try:
            self.unreader.begin(HEAD_SECONDS)
            request = super().__next__()
            self.unreader.begin(BODY_SECONDS)
            self.receive_body(request)
        except TooSlow:
            self.refuse(408, "Request Timeout", "The rest of this request did not come.")
        except (ChunkMissingTerminator, InvalidChunkSize, InvalidChunkExtension):
            self.refuse(400, "Bad Request", "The pieces of this request cannot be told apart.")
        except Exception as error:
            self.failure = error

    def refuse(self, status, reason, message):
        with suppress(OSError):
            util.write_error(self.sock, status, reason, message)
        self.failure = NoMoreData()

    def receive_body(self, request):
        self.ask_for_body(request)
        length = next(
            (int(value) for name, value in request.headers if name == "CONTENT-LENGTH"), None
        )
        kept = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        size = 0
        while block := request.body.reader.read(_BLOCK):
            size += len(block)
            if size <= settings.BODY_LIMIT:
                kept.write(block)
            elif size > _MOST_TO_DRAIN:
                request.force_close()
                break
        else:
            if length is not None and size < length:
                raise NoMoreData  # it was broken off: half a form is no form
        if size > settings.BODY_LIMIT:
            kept.truncate(0)
        kept.seek(0)
        request.body = kept
        if length is None and size:
            # It came in pieces. Django believes in bodies whose length was said.
            request.headers = [pair for pair in request.headers if pair[0] != "TRANSFER-ENCODING"]
            request.headers.append(("CONTENT-LENGTH", str(size)))

    def ask_for_body(self, request):
        """Gunicorn would say so when the application runs, and that waits for the body."""
        if request._expected_100_continue:
            request._expected_100_continue = False
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def __next__(self):
        if self.failure:
            raise self.failure
        return self.mesg

    next = __next__

    def finish_body(self):
        if self.mesg and isinstance(self.mesg.body, tempfile.SpooledTemporaryFile):
            self.mesg.body.close()
