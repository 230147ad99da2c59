"""vl-convert in a process of its own, one for each process that draws.

Within a web process it would hold up every other thread while it draws, would not survive a fork,
and a fault in it would take the whole process along, or hold it for ever. Here it is asked through
a pipe and waited for only so long; what does not answer is ended, and drawn once more by a new one.
It ends by itself with the process that asks.

This file is also the program of that process: it imports nothing of ours.
"""

import atexit
import json
import logging
import os
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, Any, BinaryIO

log = logging.getLogger(__name__)

# A large figure takes a second or two; a machine may be very busy.
PATIENCE = 60
# whether it was drawn; the bytes of the picture or of the reason; of what was said beside
HEAD = struct.Struct("!?II")
LENGTH = struct.Struct("!I")
# Data come with the specification. Should one ever name an address, it is refused, not fetched.
NO_ADDRESSES: list[str] = []


class NotDrawn(Exception):
    """The engine refused the specification, or gave no answer."""


class NotDrawable(NotDrawn):
    """No picture can be made of this, now or later; the text says why, for whoever asked for it."""


class NoAnswer(Exception):
    """The process of the engine ended, or does not answer."""


class Engine:
    """`draw(kind, spec, …)`: the picture as bytes. `command` starts the process; threads ask one
    after the other.
    """

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-I", __file__), patience: float = PATIENCE
    ) -> None:
        self.command, self.patience = command, patience
        self.process: subprocess.Popen[bytes] | None = None
        self.owner: int | None = None
        self.free()
        atexit.register(self.end)
        # Another thread may hold the lock while this process forks, and nobody would open it in the
        # child.
        os.register_at_fork(after_in_child=self.free)

    def free(self) -> None:
        self.lock = threading.Lock()

    def draw(self, kind: str, spec: dict[str, Any], **how: Any) -> bytes:
        """The picture as bytes. `kind` is svg, png or pdf; `how` goes to vl-convert. Raises
        NotDrawn.
        """
        asked = json.dumps({"kind": kind, "spec": spec, "how": how}).encode()
        with self.lock:
            is_drawn, picture, warning = self.ask_twice(asked)
        if warning:
            log.warning("Drawing: %s", warning.decode(errors="replace").strip())
        if not is_drawn:
            raise NotDrawn(picture.decode())
        return picture

    def ask_twice(self, asked: bytes) -> tuple[bool, bytes, bytes]:
        """Asks once more where the engine ended or did not answer: (whether it was drawn, the
        picture or the reason, warnings).
        """
        try:
            return self.ask(asked)
        except NoAnswer:
            log.warning("The drawing engine ended or did not answer; it is started anew.")
        try:
            return self.ask(asked)
        except NoAnswer as error:
            raise NotDrawn(
                "The figure could not be drawn: the drawing engine does not answer."
            ) from error

    def ask(self, asked: bytes) -> tuple[bool, bytes, bytes]:
        """(Whether it was drawn, the picture or the reason, warnings). Raises NoAnswer."""
        questions, answers = self.pipes()
        until = time.monotonic() + self.patience
        try:
            # The engine reads the whole question before it writes: this waits for nobody but a hung
            # engine.
            write(questions.fileno(), LENGTH.pack(len(asked)) + asked, until)
            is_drawn, length, beside = HEAD.unpack(read(answers.fileno(), HEAD.size, until))
            return (
                is_drawn,
                read(answers.fileno(), length, until),
                read(answers.fileno(), beside, until),
            )
        except (NoAnswer, OSError) as error:
            self.end()
            raise NoAnswer from error

    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """The input and the output of the engine's process, which is started where it
        does not run.
        """
        process = self.process
        # A forked process has its parent's pipes, and must leave them alone.
        if process is None or self.owner != os.getpid() or process.poll() is not None:
            # In a session of its own: Ctrl-C is for the server, which ends the engine when it is
            # done.
            process = self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
            self.owner = os.getpid()
        if process.stdin is None or process.stdout is None:
            raise NoAnswer
        os.set_blocking(process.stdin.fileno(), False)
        return process.stdin, process.stdout

    def end(self) -> None:
        if self.process and self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe:
                    pipe.close()
        self.process = self.owner = None


def read(pipe: int, size: int, until: float) -> bytes:
    """Exactly `size` bytes. Raises NoAnswer at the end of the input and at the time `until`."""
    content = bytearray()
    while len(content) < size:
        ready, _, _ = select.select([pipe], [], [], max(0, until - time.monotonic()))
        part = os.read(pipe, size - len(content)) if ready else b""
        if not part:
            raise NoAnswer
        content += part
    return bytes(content)


def write(pipe: int, content: bytes, until: float) -> None:
    """Writes all of the content. Raises NoAnswer at the time `until`."""
    left = memoryview(content)
    while left:
        _, ready, _ = select.select([], [pipe], [], max(0, until - time.monotonic()))
        if not ready:
            raise NoAnswer
        left = left[os.write(pipe, left) :]


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """The main loop of the engine's process: draws each question until the input ends."""
    with tempfile.TemporaryFile() as beside:
        # Vega goes on after an error in an expression, and only says so on standard error.
        os.dup2(beside.fileno(), 2)
        while head := questions.read(LENGTH.size):
            answers.write(answer(json.loads(questions.read(*LENGTH.unpack(head))), beside))
            answers.flush()


def answer(asked: dict[str, Any], beside: IO[bytes]) -> bytes:
    """The answer to one question, in the format of `HEAD`."""
    import vl_convert

    convert: dict[str, Callable[..., str | bytes]] = {
        "svg": vl_convert.vegalite_to_svg,
        "png": vl_convert.vegalite_to_png,
        "pdf": vl_convert.vegalite_to_pdf,
    }
    try:
        picture = convert[asked["kind"]](
            asked["spec"], allowed_base_urls=NO_ADDRESSES, **asked["how"]
        )
        is_drawn = True
    except Exception as error:
        picture, is_drawn = str(error), False
    beside.seek(0)
    warning = beside.read()
    beside.seek(0)
    beside.truncate()
    picture = picture.encode() if isinstance(picture, str) else picture
    return HEAD.pack(is_drawn, len(picture), len(warning)) + picture + warning


if __name__ == "__main__":
    mine = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    with os.fdopen(mine, "wb") as answers:
        serve(sys.stdin.buffer, answers)
