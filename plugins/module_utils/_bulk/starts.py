# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the start requests of a bulk run, a bounded number at once, and repeat those without a usable response."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Union

from .._action.attempts import read_replay
from .._action.plan import add_diagnosis
from .._action.start import Execution, not_started, start
from .._exceptions import Refused, StartUnconfirmed
from .._servicecatalog.errors import CallAbandoned, StartStopped, code_of, describe_error, is_transient
from .._servicecatalog.transport import Attempts
from .._threads import start_call
from .._wait.availability import is_of_status
from .._wait.schedule import PollSchedule, WaitOptions

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .._clock import Clock
    from .._servicecatalog.api import ServiceCatalog
    from .target import Target

# The most start requests in flight: at 50 ms a call, more than 500 a second, which is more than one process can sign.
WORKERS = 32

# The most refusals whose cause is read; the others have the service's text.
_MOST_EXPLAINED = 10

# A target, and the result or the error of its start.
Ended = tuple["Target", Union[Execution, BaseException]]


@dataclass(eq=False)
class _Start:
    """A start request, which is repeated until it gets a usable response or its wait is over.

    `due` is when it is repeated. `answer` is its result or refusal, set while the record or the cause is being read.
    """

    target: Target
    attempts: Attempts
    schedule: PollSchedule
    due: float = 0.0
    error: BaseException | None = None
    answer: Execution | Refused | None = None


def unconfirmed(error: BaseException, target: Target) -> StartUnconfirmed:
    """Return the failure of a start that ended with an unforeseen error, which is none of SERVICE_ERRORS."""
    text = f"It may have started: {describe_error(error)}."
    return StartUnconfirmed(text, how_to_continue=f"To find out, run {target.same_task}.")


class Starts:
    """The start requests in flight, and those that are to be repeated."""

    def __init__(
        self, service: ServiceCatalog, options: WaitOptions | None, clock: Clock, *, reads_replays: bool
    ) -> None:
        self._service = service
        # Without a wait, no start is repeated.
        self._options = options or WaitOptions(timeout=0)
        self._reads_replays = reads_replays
        self._clock = clock
        self._under_way: dict[Future[Execution], _Start] = {}
        # A dict, because thousands of entries may be removed one by one.
        self._unanswered: dict[_Start, None] = {}
        self._is_stopped = False
        # A list, because many threads append to it.
        self._explained: list[Target] = []

    @property
    def futures(self) -> list[Future[Execution]]:
        """The futures of the calls in flight."""
        return list(self._under_way)

    @property
    def idle_workers(self) -> int:
        """The number of further starts that can be sent now."""
        return WORKERS - len(self._under_way)

    def begin(self, target: Target) -> None:
        """Send the start of a target, for the first time or after its product was busy."""
        now = self._clock.monotonic()
        target.began = now - target.waited
        self._send(_Start(target, Attempts(), PollSchedule(self._options, now, self._clock.jitter())))

    def send_due(self) -> None:
        """Repeat the starts that are due."""
        now = self._clock.monotonic()
        for each in [each for each in self._unanswered if each.due <= now][: self.idle_workers]:
            del self._unanswered[each]
            self._send(each)

    def seconds_to_send(self) -> float:
        """Return the seconds until a start can be repeated; infinity if there is none or all workers are busy."""
        if not self.idle_workers:
            return math.inf
        return min((each.due for each in self._unanswered), default=math.inf) - self._clock.monotonic()

    def collect(self, done: Collection[Future[Any]]) -> list[Ended]:
        """Return the starts that are done, except those that are to be repeated."""
        ended: list[Ended] = []
        for future in [future for future in self._under_way if future in done]:
            each = self._under_way.pop(future)
            each.error = future.exception()
            if each.error is None:
                ended.append((each.target, future.result()))
            elif self._is_sent_again(each, each.error):
                self._send_later(each)
            else:
                ended.append((each.target, each.error))
        return ended

    def abandon(self, *, at_once: bool = False) -> list[Ended]:
        """Abandon the calls of starts that take too long, or all of them, and return the starts that are over."""
        now = self._clock.monotonic()
        # While all workers were busy, starts that were due could not be repeated in time.
        ended = self._give_up([each for each in self._unanswered if now >= each.schedule.last_call(each.target.began)])
        for future, each in list(self._under_way.items()):
            is_over = at_once or self._service.seconds_left(each.target.began) <= 0
            if not is_over or future.done():
                continue
            del self._under_way[future]
            if each.answer:
                ended.append((each.target, each.answer))
                continue
            each.attempts.abandon()
            # Once starts are stopped, a request that was held back, for example by a throttle, will not be sent.
            kind = StartStopped if self._is_stopped else CallAbandoned
            overdue = kind("it was not answered in time")
            request, may_have_acted = each.target.plan.request, each.attempts.may_have_acted
            hint = each.target.same_task
            ended.append((each.target, not_started(overdue, may_have_acted, request, retry_hint=hint)))
        return ended

    def stop(self) -> list[Ended]:
        """Stop repeating starts, and return those that were to be repeated."""
        self._is_stopped = True
        return self._give_up(list(self._unanswered))

    def _give_up(self, given_up: list[_Start]) -> list[Ended]:
        for each in given_up:
            del self._unanswered[each]
        return [(each.target, each.error) for each in given_up if each.error]

    def _send(self, each: _Start) -> None:
        each.schedule.begin_poll(self._clock.monotonic())
        self._under_way[start_call(partial(self._start, each))] = each

    def _start(self, each: _Start) -> Execution:
        target = each.target
        more: dict[str, Any] = {"retry_hint": target.same_task, "attempts": each.attempts, "caller_abandons": True}
        try:
            execution = start(self._service, target.plan, clock=self._clock, began=target.began, **more)
        except Refused as refusal:
            each.answer = refusal
            raise self._explain(target, refusal) from refusal.__cause__
        if self._reads_replays and not execution.changed:
            each.answer = execution
            # No later poll can tell whether the record had already ended when this run found it.
            return execution._replace(record=read_replay(self._service, execution.record))
        return execution

    def _explain(self, target: Target, refusal: Refused) -> Refused:
        """Return a refusal with its cause, unless there are many refusals or the target waits for its product."""
        waits = target.plan.waits_until_available and is_of_status(refusal)
        if waits or len(self._explained) >= _MOST_EXPLAINED:
            return refusal
        self._explained.append(target)
        explained = add_diagnosis(refusal, self._service, target.plan)
        if explained is refusal:
            self._explained.remove(target)
        return explained

    def _send_later(self, each: _Start) -> None:
        now, began = self._clock.monotonic(), each.target.began
        each.schedule.end_poll(now, failed=True, jitter=self._clock.jitter())
        each.due = now + each.schedule.seconds_to_poll(now, oldest=began, youngest=began)
        self._unanswered[each] = None

    def _is_sent_again(self, each: _Start, error: BaseException) -> bool:
        is_over = self._is_stopped or self._clock.monotonic() >= each.schedule.deadline(each.target.began)
        cause = error.__cause__
        if is_over or cause is None or not isinstance(error, StartUnconfirmed):
            return False
        # The product may refuse the start because it is busy with the action that an earlier attempt started.
        return is_transient(cause) or code_of(cause) == "InvalidStateException"
