# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for the attempts of a change, checked with the emulator's log of calls and records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .invariants import Run

ENDS = ("SUCCEEDED", "FAILED")


def wrong_attempts(runs: Sequence[Run], records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the actions that ran again, except by retry_failed in a later run after the attempt before had FAILED."""
    last: dict[str, Mapping[str, Any]] = {}
    for record in records:
        product, created = record["ProvisionedProductId"], seconds(record["CreatedTime"])
        before, last[product] = last.get(product), record
        if before is None:
            continue
        # The service's times are rounded to milliseconds.
        run = [run for run in runs if run.began <= created + 0.001][-1]
        if not run.scenario.params.get("retry_failed"):
            yield f"{product} ran again without retry_failed"
        if seconds(before["CreatedTime"]) > run.began - 0.001:
            yield f"{product} ran twice in one run"
        if before["Status"] != "FAILED" or not had_ended(before, created):
            yield f"{product} ran again before it had FAILED"


def early_retries(run: Run) -> Iterator[str]:
    """Yield the repeated attempts that were sent before the first attempts of other targets.

    Calls that are sent at the same time may arrive in any order; there are at most max_concurrency of them.
    """
    tokens: dict[str, str] = {}
    retried: list[tuple[str, int]] = []
    for call in run.attempts:
        product, token = call["parameters"]["ProvisionedProductId"], token_of(call)
        if token != tokens.setdefault(product, token) and product not in dict(retried):
            retried.append((product, len(tokens)))
    for product, tried in retried:
        if tried + run.limits[0] <= len(tokens):
            yield f"the next attempt of {product} came before the first one of {len(tokens) - tried} others"


def token_of(call: Mapping[str, Any]) -> str:
    return str(call["parameters"]["ExecuteToken"])


def had_ended(record: Mapping[str, Any] | None, time: float) -> bool:
    return record is not None and record["Status"] in ENDS and seconds(record["UpdatedTime"]) <= time


def seconds(time: Any) -> float:
    return time if isinstance(time, (int, float)) else datetime.fromisoformat(time).timestamp()
