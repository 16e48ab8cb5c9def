# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a busy product accepts a start request, which is sent first and repeated later with the same token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .._clock import Interrupted
from .._exceptions import ProductUnavailable, Refused, SelfServiceError, StartUnconfirmed
from .._progress import ProductState
from .._servicecatalog.errors import SERVICE_ERRORS, code_of, describe_error, is_transient
from .._servicecatalog.products import CHANGING, MAY_BE_BUSY_WITH_THIS_CHANGE, READY, describe_product, describe_status
from .._servicecatalog.transport import Attempts
from .._threads import start_call
from .schedule import PollSchedule, WaitOptions

if TYPE_CHECKING:
    from .._clock import Clock
    from .._progress import Progress
    from .._servicecatalog.api import ServiceCatalog
    from .._servicecatalog.models import Request

T = TypeVar("T")

# How often in a row a start request is repeated although the product's status allowed it: the product may have become
# available just after its refusal, or another change may have begun just before the request arrived.
_MOST_IN_A_ROW = 2


class Step(Enum):
    """What to do after reading the status of a product that refused a start."""

    WAIT = "wait"
    SEND = "send"
    FAIL = "fail"


def is_of_status(error: BaseException) -> bool:
    """Return whether the service refused a start because of the product's status."""
    return error.__cause__ is not None and code_of(error.__cause__) == "InvalidStateException"


class BusyProduct:
    """The last known state of a provisioned product that refused a start; does no I/O."""

    def __init__(self, request: Request, again: str | None = None, *, token_is_new: bool) -> None:
        self.product: Mapping[str, Any] | None = None
        self.request = request
        self._again = again
        self._token_is_new = token_is_new
        self._refusal: SelfServiceError | None = None
        self._error: Exception | None = None
        # Counts refusals while the product's status would allow the start.
        self._refused_in_a_row = 0

    def note_refusal(self, refusal: SelfServiceError) -> None:
        """Note that the product has refused the start, for the first time or again."""
        self._refusal = refusal
        self._refused_in_a_row += self._is_ready

    def note_read(self, read: Mapping[str, Any] | Exception) -> Step:
        """Note the product that was read, or the error of the read, and return what to do next."""
        if isinstance(read, Exception):
            self._error = read
            return Step.WAIT if is_transient(read) else Step.FAIL
        self._error, self.product = None, read
        if read.get("Status") in CHANGING:
            self._refused_in_a_row = 0
            return Step.WAIT
        return Step.SEND if self._is_ready and self._refused_in_a_row < _MOST_IN_A_ROW else Step.FAIL

    def failure(self) -> ProductUnavailable:
        """Return the failure of a product that is not waited for: it can't be read, or waiting is useless."""
        if self._error is not None:
            unread = f"can't be read to wait for another one: {describe_error(self._error)}"
            return self._unavailable(f"its status does not allow it, and {unread}", is_over=True)
        product = self.product or {}
        described = f"the {describe_product(product)} has the status {describe_status(product)}"
        if self._is_ready and self._refusal is not None:
            why = describe_error(self._refusal.__cause__ or self._refusal)
            return self._unavailable(f"{described}, but refuses it: {why}", is_over=True)
        return self._unavailable(f"{described}, which the task does not wait for", is_over=True)

    def timed_out(self, options: WaitOptions) -> ProductUnavailable:
        """Return the failure of a wait that has reached its deadline."""
        within = f"{options.timeout} s (wait_timeout)"
        if self.product is None:
            unread = f": {describe_error(self._error)}" if self._error else ""
            return self._unavailable(f"its status did not allow it, and could not be read within {within}{unread}")
        text = f"the {describe_product(self.product)} was {describe_status(self.product)}"
        if self._is_ready:
            return self.failure() if self._refused_in_a_row else self._unavailable(f"{text} only after {within}")
        if self._error is not None:
            text += f" when last read, and the last poll failed ({describe_error(self._error)})"
        return self._unavailable(f"{text}, and did not become available within {within}")

    def interrupted(self) -> ProductUnavailable:
        """Return the failure of a wait that was ended by a signal."""
        if self.product is None:
            return self._unavailable("its status did not allow it")
        return self._unavailable(f"the {describe_product(self.product)} was {describe_status(self.product)}")

    @property
    def how_to_continue(self) -> str:
        """The sentence on how to continue waiting; empty in a bulk run, which says it once for all targets."""
        return f"To continue, run {self._again}." if self._again else ""

    @property
    def _is_ready(self) -> bool:
        return self.product is not None and self.product.get("Status") in READY

    def _unavailable(self, why: str, *, is_over: bool = False) -> ProductUnavailable:
        """Return the failure; with `is_over`, waiting again would fail in the same way."""
        sent, facts = self.request, self._refusal.facts if self._refusal else {}
        by_whom = "" if self._token_is_new else " by this run"
        text = f"The service action {sent.service_action_id} was not started on {sent.provisioned_product_id}{by_whom}"
        text += f": {why}."
        if not (self._token_is_new or is_over):
            text += f" {MAY_BE_BUSY_WITH_THIS_CHANGE}"
        way = f"To continue, correct that and run {self._again}." if is_over and self._again else self.how_to_continue
        return ProductUnavailable(text, how_to_continue=way, **facts)


class AvailabilityWait:
    """Waits for the product of one start."""

    def __init__(
        self,
        service: ServiceCatalog,
        busy: BusyProduct,
        options: WaitOptions,
        *,
        action: str | None,
        clock: Clock,
        started: float,
        progress: Progress,
    ) -> None:
        self._service = service
        self._busy = busy
        self._options = options
        self._action = action or busy.request.service_action_id
        self._clock = clock
        self._started = started
        self._began = clock.monotonic()
        self._schedule = PollSchedule(options, self._began, clock.jitter())
        self._progress = progress
        self._progress.how_to_continue = busy.how_to_continue
        self._has_polled = False

    def start(self, send: Callable[..., T]) -> T:
        """Call `send` until the product is no longer busy, at the latest at the deadline, and return its result.

        `send` is called with `attempts` and `began`. Raises what it raises, or ProductUnavailable. If an earlier
        attempt may have started the action, a refusal stays StartUnconfirmed, and the start is repeated without reading
        the product, which may be busy with that action.
        """
        attempts = Attempts()
        while True:
            try:
                return send(attempts=attempts, began=self._began)
            except (Refused, StartUnconfirmed) as error:
                if not is_of_status(error):
                    raise
                refusal = error
            self._wait(refusal)

    def _wait(self, refusal: SelfServiceError) -> None:
        """Wait until the start may be repeated, or raise the failure."""
        self._busy.note_refusal(refusal)
        try:
            if isinstance(refusal, StartUnconfirmed):
                self._wait_once(refusal)
            else:
                self._wait_until_ready()
        except Interrupted as signal:
            failure = refusal if isinstance(refusal, StartUnconfirmed) else self._busy.interrupted()
            how = failure.how_to_continue
            raise type(failure)(f"{signal} {failure.what_happened}", how_to_continue=how, **failure.facts) from signal

    def _wait_once(self, refusal: StartUnconfirmed) -> None:
        if self._is_over:
            raise refusal
        self._sleep()
        self._end_poll(failed=False)

    def _wait_until_ready(self) -> None:
        while not self._is_over:
            # The first poll is immediate, because the product may have become available since it refused the start.
            self._sleep(poll_immediately=not self._has_polled)
            # Later, no time would be left for a response to the start.
            if self._is_ready() and self._clock.monotonic() < self._schedule.last_call(self._started):
                # A signal may have come while the product was read.
                self._clock.sleep(0.0)
                return
        raise self._busy.timed_out(self._options)

    @property
    def _is_over(self) -> bool:
        return self._has_polled and self._schedule.gives_up(self._started)

    def _sleep(self, *, poll_immediately: bool = False) -> None:
        now = self._clock.monotonic()
        pause = self._schedule.seconds_to_poll(now, oldest=self._started, youngest=self._began)
        self._clock.sleep(0.0 if poll_immediately else max(0.0, pause))
        self._schedule.begin_poll(self._clock.monotonic())

    def _is_ready(self) -> bool:
        """Read the product, and return whether the start may be repeated; raise the failure if waiting is useless."""
        read = self._read()
        step = self._busy.note_read(read)
        self._end_poll(failed=isinstance(read, Exception))
        if step is Step.FAIL:
            raise self._busy.failure()
        if step is Step.WAIT and self._busy.product is not None:
            name, status = (str(self._busy.product.get(each)) for each in ("Name", "Status"))
            self._progress.report(ProductState(name, status, self._action), urgent=True)
        return step is Step.SEND

    def _read(self) -> Mapping[str, Any] | Exception:
        product_id = self._busy.request.provisioned_product_id
        # On another thread, so that this one can react to signals.
        future = start_call(partial(self._service.describe_provisioned_product, Id=product_id))
        self._clock.wait([future], None)
        try:
            return future.result()
        except SERVICE_ERRORS as error:
            return error

    def _end_poll(self, *, failed: bool) -> None:
        self._has_polled = True
        self._schedule.end_poll(self._clock.monotonic(), failed=failed, jitter=self._clock.jitter())
