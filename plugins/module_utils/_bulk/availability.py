# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Poll the busy products of a bulk run while others start, until each accepts its start or is given up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Union

from .._exceptions import Refused
from .._servicecatalog.errors import SERVICE_ERRORS, affects_all_calls, is_transient
from .._servicecatalog.products import CHANGING
from .._threads import start_call
from .._wait.availability import BusyProduct, Step, is_of_status
from .._wait.schedule import PollSchedule, WaitOptions

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .._clock import Clock
    from .._exceptions import SelfServiceError
    from .._servicecatalog.api import ServiceCatalog
    from .queue import TargetQueue
    from .target import Target

# From this many products on, a page of the products under change (100 products) is likely to be cheaper than one call
# per product. Products of others may be listed first, so the number of pages is limited to one for each
# _PRODUCTS_PER_PAGE products, plus one.
_LISTING_PAYS_FROM, _PRODUCTS_PER_PAGE, _PAGE = 4, 20, 100
# The most products that a poll reads one by one, those unread for the longest time first.
_MOST_DESCRIBED = 100
# After this many transient errors in a row, the service is likely to fail for other products, too.
_FAILURES_IN_A_ROW = 5

# The product that a poll has read for a target, or the error of the read.
Reads = dict["Target", Union[Mapping[str, Any], Exception]]


class AvailabilityPolls:
    """Polls busy products, with one poll in flight at a time; without `options`, no target waits for its product."""

    def __init__(self, service: ServiceCatalog, queue: TargetQueue, options: WaitOptions | None, clock: Clock) -> None:
        self.future: Future[Reads] | None = None
        self._service = service
        self._queue = queue
        self.options = options
        self._clock = clock
        self._schedule = PollSchedule(options or WaitOptions(timeout=0), clock.monotonic(), clock.jitter())
        self._may_list = True
        # When the starts of the first and the last target with a busy product were sent.
        self._oldest, self._youngest = math.inf, -math.inf

    def failure_of(self, target: Target, error: BaseException) -> BaseException | None:
        """Return the failure of a start, or None if its product is busy and the target waits for it from now on."""
        if self.options is None or not (isinstance(error, Refused) and is_of_status(error)):
            return error
        target.busy = target.busy or BusyProduct(target.plan.request, token_is_new=target.plan.token_is_new)
        target.busy.note_refusal(error)
        if self._clock.monotonic() >= self._schedule.last_call(target.began):
            # If a poll hung now, the run would exceed the deadline by more than it may.
            return target.busy.timed_out(self.options)
        self._queue.wait(target)
        self._oldest, self._youngest = min(self._oldest, target.began), max(self._youngest, target.began)
        return None

    def seconds_to_poll(self) -> float:
        """Return the seconds until the next poll; infinity if one is in flight or no target waits."""
        if self.future or not self._queue.busy:
            return math.inf
        return self._schedule.seconds_to_poll(self._clock.monotonic(), oldest=self._oldest, youngest=self._youngest)

    def poll_if_due(self) -> None:
        """Begin a poll if one is due."""
        if self.seconds_to_poll() <= 0:
            self._schedule.begin_poll(self._clock.monotonic())
            until = self._schedule.last_call(self._oldest)
            self.future = start_call(partial(self._read, list(self._queue.busy), until))

    def end_poll(self) -> list[tuple[Target, SelfServiceError]]:
        """Collect the finished poll: requeue targets whose products are ready, and return those that are given up."""
        if self.future is None:
            return []
        reads, self.future = self.future.result(), None
        failed = not any(isinstance(read, Mapping) for read in reads.values())
        self._schedule.end_poll(self._clock.monotonic(), failed=failed, jitter=self._clock.jitter())
        given_up = {target: error for target in list(self._queue.busy) if (error := self._note(target, reads))}
        began = [target.began for target in self._queue.busy if target not in given_up]
        self._oldest, self._youngest = min(began, default=math.inf), max(began, default=-math.inf)
        return list(given_up.items())

    def stop(self) -> None:
        """Stop waiting; targets that still wait count as not started."""
        self.future = None
        self._queue.end_waits()

    def _note(self, target: Target, reads: Reads) -> SelfServiceError | None:
        """Note what a poll has read for a target; return the failure if the target is given up."""
        if target.busy is None or self.options is None:
            return None
        step = Step.WAIT
        if target in reads:
            # Moved behind those that were not read.
            self._queue.busy[target] = self._queue.busy.pop(target)
            step = target.busy.note_read(reads[target])
        now = self._clock.monotonic()
        if step is Step.FAIL:
            return target.busy.failure()
        if step is Step.SEND and now < self._schedule.last_call(target.began):
            target.waited = now - target.began
            self._queue.resume(target)
            return None
        return target.busy.timed_out(self.options) if self._schedule.gives_up(target.began) else None

    def _read(self, targets: list[Target], until: float) -> Reads:
        """Read products in few calls; after the monotonic time `until`, only the first call is made.

        Cost: a page for 100 products under change, and a call for each product not listed.
        """
        reads: Reads = {}
        if lists := self._may_list and len(targets) >= _LISTING_PAYS_FROM:
            self._list({str(target.product_id): target for target in targets}, reads, until)
        missing = [target for target in targets if target not in reads][:_MOST_DESCRIBED]
        if not (lists and self._clock.monotonic() >= until):
            self._describe_all(missing, reads, until)
        return reads

    def _describe_all(self, missing: list[Target], reads: Reads, until: float) -> None:
        """Read products one by one, until errors show that no more can be read or the time is over."""
        failures = 0
        for number, target in enumerate(missing):
            reads[target] = read = self._describe(target)
            if isinstance(read, Exception) and affects_all_calls(read):
                reads.update(dict.fromkeys(missing[number:], read))
                return
            failures = failures + 1 if isinstance(read, Exception) and is_transient(read) else 0
            if failures >= _FAILURES_IN_A_ROW or self._clock.monotonic() >= until:
                return

    def _list(self, wanted: Mapping[str, Target], reads: Reads, until: float) -> None:
        """Read the products that are still under change; this only saves calls, so its errors are not raised."""
        most = _PAGE * (1 + len(wanted) // _PRODUCTS_PER_PAGE)
        found = self._service.search_provisioned_products(
            [f"status:{CHANGING[0]}"], may_continue=lambda: self._clock.monotonic() < until
        )
        try:
            for product in islice(found, most):
                if product["Id"] in wanted and product.get("Status") in CHANGING:
                    reads[wanted[product["Id"]]] = product
                if len(reads) == len(wanted):
                    break
        except SERVICE_ERRORS as error:
            self._may_list = is_transient(error)

    def _describe(self, target: Target) -> Mapping[str, Any] | Exception:
        try:
            return self._service.describe_provisioned_product(Id=str(target.product_id))
        except SERVICE_ERRORS as error:
            return error
