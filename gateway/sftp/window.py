"""Many requests under way over one connection, and whose reply is whose.

A piece of work on the server is a generator, written as if it had the server to itself: it yields
a `Request` and is given its number at once, and yields `WAIT` and is given the number and reply of
whichever of its requests is answered next. So one thread keeps a window of requests of many files
full. What one piece of work raises is its own result; a ServerUnreachable is everybody's.
"""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Final, TypeVar, cast

from gateway import pulse
from gateway.errors import GatewayError, ServerUnreachable
from gateway.sftp.packets import Reply, breach
from gateway.sftp.requests import Request
from gateway.sftp.wire import Wire

T = TypeVar("T")


class Wait:
    """What a piece of work yields that goes on with its next reply."""


WAIT: Final = Wait()
Answer = tuple[int, Reply]
Work = Generator[Request | Wait, "int | Answer | None", T]

#: Requests and bytes that may be under way at once; one request is, however large it is.
MOST_REQUESTS = 64
MOST_BYTES = 4 << 20


def ask(request: Request) -> Work[Reply]:
    """Send a request and return its reply; only where no other request of the same work is under way."""
    (reply,) = yield from ask_all([request])
    return reply


def ask_all(requests: Sequence[Request]) -> Work[list[Reply]]:
    """Send requests together and return their replies in the order of the requests."""
    numbers = []
    for request in requests:
        number = yield request
        numbers.append(number)
    replies: dict[object, Reply] = {}
    while len(replies) < len(requests):
        number, reply = yield from answered()
        replies[number] = reply
    return [replies[number] for number in numbers]


def answered() -> Work[Answer]:
    """Wait for the next reply to one of the requests of this piece of work."""
    return cast(Answer, (yield WAIT))


class _Job:
    """A piece of work under way, and replies that came while it waited for room to send."""

    __slots__ = ("answers", "done", "index", "waits", "work")

    def __init__(self, index: int, work: Work[object], done: Callable[[int, object], None]) -> None:
        self.index = index
        self.work = work
        self.done = done
        self.answers: deque[Answer] = deque()
        self.waits = False


def _forget(_answer: Answer) -> None:
    """Take a reply that matters to nobody."""


class Exchange:
    """Requests and replies of one connection; for one thread."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._number = 0
        self._bytes = 0
        self._waiting: dict[int, tuple[Callable[[Answer], None], int]] = {}
        self._parked: deque[tuple[_Job, Request]] = deque()

    def run(self, works: Iterable[Work[T]], most: int) -> list[T | GatewayError]:
        """Do pieces of work, at most ``most`` at a time, and return what each came to, in order.

        After a broken connection those that were not finished have the ServerUnreachable.
        """
        results: dict[int, object] = {}
        open_jobs: dict[int, _Job] = {}

        def done(index: int, result: object) -> None:
            results[index] = result
            del open_jobs[index]

        pending = deque(enumerate(works))
        try:
            while pending or open_jobs:
                while pending and len(open_jobs) < most and not self._parked:
                    index, work = pending.popleft()
                    open_jobs[index] = job = _Job(index, work, done)
                    self._advance(job, None)
                if open_jobs:
                    self.pump()
        except ServerUnreachable as error:
            self._wire.fail(error)
            for index in (*open_jobs, *(index for index, _work in pending)):
                results[index] = error
        finally:
            if open_jobs:  # the connection broke, or somebody interrupts us: nothing here is in order now
                self.abandon(open_jobs.values())
        return [results[index] for index in range(len(results))]  # type: ignore[misc]  # of the same works

    def result(self, work: Work[T]) -> T:
        """Do one piece of work and return what it comes to, or raise its error."""
        (result,) = self.run([work], 1)
        if isinstance(result, GatewayError):
            raise result
        return result

    def post(self, request: Request, answer: Callable[[Answer], None]) -> int:
        """Send a request; ``answer`` is called with its reply by some later `pump`."""
        if self._wire.broken:
            raise ServerUnreachable("The connection to the server is closed")
        self._number = self._number + 1 & 0xFFFFFFFF
        self._waiting[self._number] = answer, request.cost
        self._bytes += request.cost
        self._wire.send(request.kind, self._number, request.body, request.data)
        return self._number

    def post_last(self, request: Request) -> None:
        """Send a request whose reply matters to nobody, if the connection still is."""
        if not self._wire.broken:
            self.post(request, _forget)

    def pump(self) -> None:
        """Take one reply and give it to whom it belongs; then let go who waited for room."""
        number, reply = self._wire.receive()
        pulse.beat()
        answer, cost = self._waiting.pop(number, (None, 0))
        if answer is None:
            raise self._wire.fail(breach(f"it answered the request {number}, which was not asked"))
        self._bytes -= cost
        try:
            answer((number, reply))
            while self._parked and self._has_room(self._parked[0][1]):
                job, request = self._parked.popleft()
                self._advance(job, self._send(job, request))
        except ServerUnreachable as error:
            raise self._wire.fail(error) from None

    def abandon(self, jobs: Iterable[_Job]) -> None:
        """Give up: close the connection, whose replies belong to nobody now, and what the work holds."""
        self._wire.close()
        self._parked.clear()
        self._waiting.clear()
        for job in jobs:
            with contextlib.suppress(GatewayError, ValueError):
                job.work.close()

    def _advance(self, job: _Job, value: int | Answer | None) -> None:
        """Let a piece of work go on until it waits, is without room, or is done."""
        try:
            wanted = job.work.send(value)
            while True:
                if isinstance(wanted, Request):
                    if self._parked or not self._has_room(wanted):
                        self._parked.append((job, wanted))
                        return
                    wanted = job.work.send(self._send(job, wanted))
                elif job.answers:
                    wanted = job.work.send(job.answers.popleft())
                else:
                    job.waits = True
                    return
        except StopIteration as end:
            job.done(job.index, end.value)
        except ServerUnreachable:
            raise
        except GatewayError as error:
            job.done(job.index, error)

    def _send(self, job: _Job, request: Request) -> int:
        return self.post(request, functools.partial(self._answer, job))

    def _answer(self, job: _Job, answer: Answer) -> None:
        if job.waits:
            job.waits = False
            self._advance(job, answer)
        else:
            job.answers.append(answer)

    def _has_room(self, request: Request) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < MOST_REQUESTS and self._bytes + request.cost <= MOST_BYTES
