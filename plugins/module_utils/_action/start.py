# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one write, and what its response means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .._exceptions import Refused, SelfServiceError, StartAbandoned, StartUnconfirmed
from .._servicecatalog import errors, results
from .._servicecatalog.hints import find_hints
from .._servicecatalog.models import Record, Request, StartResponse
from .._servicecatalog.transport import Attempts, track_attempts

if TYPE_CHECKING:
    from .._clock import Clock
    from .._servicecatalog.api import ServiceCatalog
    from .plan import Plan

# How far apart the service's own two clocks, CreatedTime and the Date header, may be.
_CLOCK_SLACK = timedelta(seconds=2)
# How far apart the service's clock and this machine's may be: AWS refuses signatures that are older.
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
    """Start the action and tell whether this run created the record, or raise what not_started() returns.

    `retry_hint` says what to run again to find out, since a target's own token is not an option of the bulk module.
    A caller that sends a start again gives the same `attempts` each time, and when it `began`, in monotonic seconds;
    that counts once the service may have acted on one. One that abandons the call itself gives its `attempts`, too.
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
    # With a new token it is the record of this start, whatever else the response says.
    if product_id and not planned.token_is_new and product_id != sent.provisioned_product_id:
        raise _token_taken(record, sent)
    replayed = not planned.token_is_new and is_replay(response, clock.monotonic() - began, clock.now())
    return Execution(record, changed=not replayed)


def is_replay(response: StartResponse, elapsed: float, now: datetime) -> bool:
    """Tell whether the record is older than the first attempt, `elapsed` seconds before the response, which came `now`.

    By the service's own clock, unless the response has no Date or one that can't be the service's, such as a proxy's:
    then by this machine's, and only if the record is older than the two may differ.
    """
    created, date, slack = response.record_detail.get("CreatedTime"), response.date, _CLOCK_SLACK
    # Over CBOR, a time is what the service sent.
    if not isinstance(created, datetime) or created.tzinfo is None:
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
