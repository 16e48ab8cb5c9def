# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that are returned from a history, and the number of pages that are read for them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.history import RecordFilter, newest_first

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def detail(minutes_ago: int, **more: Any) -> dict[str, Any]:
    return {
        "RecordId": f"rec-{minutes_ago}",
        "CreatedTime": NOON - timedelta(minutes=minutes_ago),
        "Status": "FAILED" if minutes_ago % 10 == 0 else "SUCCEEDED",
        "ProvisionedProductId": f"pp-{minutes_ago % 2}",
        "ProductId": f"prod-{minutes_ago % 3}",
        **more,
    }


class Pages:
    """Iterate over pages of 20 records, and count the pages that are read."""

    def __init__(self, details: list[dict]) -> None:
        self.read = 0
        self._details = details

    def __iter__(self) -> Iterator[list[dict]]:
        for start in range(0, len(self._details), 20):
            self.read += 1
            yield self._details[start : start + 20]


HISTORY = [detail(minutes) for minutes in range(100)]


@pytest.mark.parametrize(
    ("wanted", "limit", "found", "read"),
    [
        (RecordFilter(), None, list(range(100)), 5),
        (RecordFilter(), 1, [0], 1),
        (RecordFilter(), 20, list(range(20)), 1),
        (RecordFilter(), 21, list(range(21)), 2),
        (RecordFilter(statuses=["FAILED"]), None, list(range(0, 100, 10)), 5),
        (RecordFilter(statuses=["FAILED"]), 3, [0, 10, 20], 2),
        (RecordFilter(statuses=["FAILED", "SUCCEEDED"]), 3, [0, 1, 2], 1),
        (RecordFilter(provisioned_product_id="pp-1", product_id="prod-0"), 2, [3, 9], 1),
        (RecordFilter(since=NOON - timedelta(minutes=25)), None, list(range(26)), 2),
        (RecordFilter(since=NOON + timedelta(minutes=1)), None, [], 1),
    ],
)
def test_pages_sorted_newest_first_are_read_only_as_far_as_needed(
    wanted: RecordFilter, limit: int | None, found: list[int], read: int
) -> None:
    pages = Pages(HISTORY)
    assert [each["RecordId"] for each in newest_first(pages, wanted, limit)] == [f"rec-{number}" for number in found]
    assert pages.read == read


@pytest.mark.parametrize("order", ["oldest first", "random"])
def test_pages_in_any_other_order_are_all_read(order: str) -> None:
    details = HISTORY[::-1] if order == "oldest first" else random.Random(7).sample(HISTORY, len(HISTORY))
    pages = Pages(details)
    assert [each["RecordId"] for each in newest_first(pages, RecordFilter(), 3)] == ["rec-0", "rec-1", "rec-2"]
    assert pages.read == 5


def test_a_record_without_a_time_is_the_oldest() -> None:
    details = [detail(1, CreatedTime=None), detail(2)]
    assert [each["RecordId"] for each in newest_first([details], RecordFilter(), None)] == ["rec-2", "rec-1"]


def test_the_service_filters_by_one_key() -> None:
    assert RecordFilter().search_filter is None
    assert RecordFilter(product_id="prod-1").search_filter == ("product", "prod-1")
    assert RecordFilter("pp-1", "prod-1").search_filter == ("provisionedproduct", "pp-1")
