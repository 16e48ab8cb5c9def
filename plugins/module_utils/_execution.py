# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one write, and what its answer means."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from . import _api, _results
from ._errors import (
    SERVICE_ERRORS,
    GarbledAnswer,
    MayHaveStarted,
    Refused,
    ResponseParserError,
    SelfServiceError,
    code_of,
    error_facts,
    explain,
)
from ._records import hints
from ._types import Answer, Record, Request

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._clock import Clock
    from ._plan import Plan

# How far the service's own two clocks, CreatedTime and the Date header, may be apart.
_CLOCK_SLACK = timedelta(seconds=2)


class Execution(NamedTuple):
    """A record, and whether this run created it."""

    record: Record
    changed: bool


def execute(client: BaseClient, planned: Plan, *, clock: Clock, again: str) -> Execution:
    """Start the action and tell whether this run created the record, or raise Refused or MayHaveStarted.

    `again` says what to run again to find out, in words: a target's own token is not the option of a bulk task.
    """
    started, sent = clock.monotonic(), planned.request
    with _api.open_attempts() as unanswered:
        try:
            answer = _api.execute_provisioned_product_service_action(client, sent)
        except SERVICE_ERRORS as error:
            raise _not_started(error, bool(unanswered), sent, again=again) from error
    record = Record(answer.record_detail)
    if record.detail.get("ProvisionedProductId", sent.provisioned_product_id) != sent.provisioned_product_id:
        raise _token_taken(record, sent)
    replayed = not planned.token_is_new and is_replay(answer, clock.monotonic() - started)
    return Execution(record, changed=not replayed)


def is_replay(answer: Answer, elapsed: float) -> bool:
    """Tell whether the record is older than the first attempt, `elapsed` seconds before the answer.

    Both times are the service's own, so that this machine's clock does not count.
    """
    created = answer.record_detail.get("CreatedTime")
    if created is None or created.tzinfo is None or answer.date is None:
        return False
    return created < answer.date - timedelta(seconds=elapsed) - _CLOCK_SLACK


def _not_started(error: BaseException, unanswered: bool, sent: Request, *, again: str) -> SelfServiceError:
    if unanswered or isinstance(error, (GarbledAnswer, ResponseParserError)):
        return MayHaveStarted(
            f"The service action {sent.service_action_id} may have started on {sent.provisioned_product_id}: no usable "
            f"answer came back ({explain(error)}). To find out, run {again}: "
            "it returns the record of this start, or makes the start that did not happen.",
            changed=True,
            **error_facts(error),
        )
    return Refused(
        f"The service action {sent.service_action_id} was not started on {sent.provisioned_product_id}: "
        f"{explain(error)}. Nothing was changed.",
        changed=False,
        hints=hints(explain(error), {}) if code_of(error) == "InvalidParametersException" else [],
        **error_facts(error),
    )


def _token_taken(record: Record, sent: Request) -> Refused:
    return Refused(
        f"The execute_token {sent.execute_token} stands for record {record.record_id} on the provisioned product "
        f"{record.detail.get('ProvisionedProductId')}. Nothing was started on {sent.provisioned_product_id}: give each "
        "product and action a token of its own.",
        changed=False,
        **_results.record(record),
    )
