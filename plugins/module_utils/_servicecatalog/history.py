# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sort records newest first and products oldest first, because the service sorts neither by creation time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .models import in_utc

_FULL_PAGE = 20
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class RecordFilter:
    """Restricts a listing of records; None and an empty `statuses` don't restrict it."""

    provisioned_product_id: str | None = None
    product_id: str | None = None
    statuses: Collection[str] = ()
    since: datetime | None = None

    @property
    def search_filter(self) -> tuple[str, str] | None:
        """The filter that the service applies, as a key and a value; it accepts only one."""
        if self.provisioned_product_id:
            return "provisionedproduct", self.provisioned_product_id
        return ("product", self.product_id) if self.product_id else None

    def matches(self, detail: Mapping[str, Any]) -> bool:
        """Return whether a RecordDetail matches all restrictions; the service itself applies at most one of them."""
        return (
            self.provisioned_product_id in (None, detail.get("ProvisionedProductId"))
            and self.product_id in (None, detail.get("ProductId"))
            and (not self.statuses or detail.get("Status") in self.statuses)
            and (self.since is None or _created(detail) >= self.since)
        )


def newest_first(pages: Iterable[list[dict]], wanted: RecordFilter, limit: int | None) -> list[dict]:
    """Return the matching RecordDetails, newest first and at most `limit`, reading no more pages than needed."""
    found: list[dict] = []
    times: list[datetime] = []
    for page in pages:
        times += map(_created, page)
        found += filter(wanted.matches, page)
        if _are_newest_first(times) and _is_enough(found, times[-1], wanted, limit):
            break
    return sorted(found, key=_created, reverse=True)[:limit]


def oldest_first(products: Iterable[dict]) -> list[dict]:
    """Return ProvisionedProductAttributes sorted by creation time."""
    return sorted(products, key=_created)


def _are_newest_first(times: list[datetime]) -> bool:
    # The service's order is undocumented, but a full page is unlikely to be sorted by chance.
    return len(times) >= _FULL_PAGE and all(later >= earlier for later, earlier in zip(times, times[1:]))


def _is_enough(found: list[dict], oldest: datetime, wanted: RecordFilter, limit: int | None) -> bool:
    return (limit is not None and len(found) >= limit) or (wanted.since is not None and oldest < wanted.since)


def _created(detail: Mapping[str, Any]) -> datetime:
    return in_utc(detail.get("CreatedTime")) or _NEVER
