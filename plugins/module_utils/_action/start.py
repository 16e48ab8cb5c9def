# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the only write, the start of an action, and interpret its response."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from .._exceptions import Refused, SelfServiceError, StartAbandoned, StartUnconfirmed
from .._servicecatalog import errors, results
from .._servicecatalog.hints import find_hints
from .._servicecatalog.models import Record, Request, StartResponse, in_utc
from .._servicecatalog.transport import Attempts, track_attempts

if TYPE_CHECKING:
    from datetime import datetime

    from .._clock import Clock
    from .._servicecatalog.api import ServiceCatalog
    from .plan import Plan

# The largest expected difference between the service's CreatedTime and its Date header.
_CLOCK_SLACK = timedelta(seconds=2)
# The largest difference between the service's clock and this machine's: AWS rejects signatures that are older.
_LARGEST_SKEW = timedelta(minutes=15)


class Execution(NamedTuple):
    """A record, and whether this run created it."""

    record: Record
    changed: bool


def start(
    service: ServiceCatalog,
    planned: Plan,
    *,
    clock: Clock,
    retry_hint: str,
    attempts: Attempts | None = None,
    began: float | None = None,
    caller_abandons: bool = False,
) -> Execution:
    """Start the action, and return its record and whether this run created it; raise what not_started() returns.

    `retry_hint` is the phrase for what to run to find out whether an unconfirmed start took effect, or to start the
    action after a refusal; it is a parameter because the bulk module has no option for a target's token. A caller that
    repeats a start request passes the same `attempts` each time, and as `began` the time of the first one in monotonic
    seconds, which is used once the service may have acted on an attempt. A caller that abandons the call itself also
    passes `attempts`.
    """
    sent, tracked = planned.request, attempts or Attempts()
    began = began if began is not None and tracked.may_have_acted else clock.monotonic()
    with track_attempts(tracked):
        try:
            response = service.execute_provisioned_product_service_action(sent, caller_abandons=caller_abandons)
        except errors.SERVICE_ERRORS as error:
            raise not_started(error, tracked.may_have_acted, sent, retry_hint=retry_hint) from error
    record = Record(response.record_detail)
    product_id = record.detail.get("ProvisionedProductId")
    # With a new token, the record can only belong to this start, even if the response has another product.
    if product_id and not planned.token_is_new and product_id != sent.provisioned_product_id:
        raise _token_taken(record, sent)
    replayed = not planned.token_is_new and is_replay(response, clock.monotonic() - began, clock.now())
    return Execution(record, changed=not replayed)


def is_replay(response: StartResponse, elapsed: float, now: datetime) -> bool:
    """Return whether the record is older than the first attempt, `elapsed` seconds before the response at time `now`.

    Times are compared by the service's clock, its Date header. If that is missing or can't be the service's (it may be
    a proxy's), this machine's clock is used, with a tolerance of the largest difference between the two clocks.
    """
    created, date, slack = in_utc(response.record_detail.get("CreatedTime")), response.date, _CLOCK_SLACK
    if created is None:
        return False
    if date is None or abs(date - now) > _LARGEST_SKEW:
        date, slack = now, _LARGEST_SKEW
    return created < date - timedelta(seconds=elapsed) - slack


def not_started(error: BaseException, may_have_acted: bool, sent: Request, *, retry_hint: str) -> SelfServiceError:
    """Return StartUnconfirmed if the service may have acted, StartAbandoned if starts were stopped, else Refused."""
    text = errors.describe_error(error)
    if may_have_acted:
        return StartUnconfirmed(
            f"The service action {sent.service_action_id} may have started on {sent.provisioned_product_id}: no usable "
            f"response was received ({text}).",
            how_to_continue=f"To find out, run {retry_hint}: it returns the record of this start, or starts the "
            "action if it was not started.",
            changed=True,
            **errors.error_facts(error),
        )
    kind = StartAbandoned if isinstance(error, errors.StartStopped) else Refused
    return kind(
        f"The service action {sent.service_action_id} was not started on {sent.provisioned_product_id}: {text}.",
        how_to_continue=f"To continue, fix the cause and run {retry_hint}.",
        changed=False,
        hints=find_hints(text) if errors.code_of(error) in errors.INVALID else [],
        **errors.error_facts(error),
    )


def _token_taken(record: Record, sent: Request) -> Refused:
    return Refused(
        f"The execute_token {sent.execute_token} belongs to record {record.record_id} on the provisioned product "
        f"{record.detail.get('ProvisionedProductId')}. Nothing was started on {sent.provisioned_product_id}: use a "
        "separate token for each product and action.",
        changed=False,
        **results.record(record),
    )
