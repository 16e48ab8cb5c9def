# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Service Catalog client: one method for each API call, with paging."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from .errors import CallAbandoned, MalformedResponse, StartStopped
from .levels import HISTORY, SEARCH, AccessLevels, Check, access_level_filter, always
from .models import ExecutionParameter, Request, StartResponse
from .transport import current_attempts, install_response_checks, make_call, operation_of, texts_of_record

if TYPE_CHECKING:
    from botocore.client import BaseClient

_EXECUTE = "ExecuteProvisionedProductServiceAction"

# One year, because the timeout of a lock can't be infinite.
_LONGEST_WAIT = 365 * 86400.0


class ServiceCatalog:
    """Calls Service Catalog with a client, a response language and access levels for listings.

    The methods raise SERVICE_ERRORS: botocore's own, MalformedResponse, NotSent or CallAbandoned. `seconds_left`
    returns how long a call that begins now may take. With it, each call runs on a thread of its own, because botocore's
    timeouts restart with each received byte and cover neither name resolution nor the renewal of credentials. Once
    `may_continue` returns False, a listing raises CallAbandoned instead of reading another page or access level.
    """

    def __init__(
        self,
        client: BaseClient,
        language: str | None = None,
        *,
        levels: AccessLevels | None = None,
        seconds_left: Callable[[float | None], float] | None = None,
    ) -> None:
        self._client = client
        self._levels = levels or AccessLevels()
        self._language = {"AcceptLanguage": language} if language else {}
        self._seconds_left = seconds_left
        self._requests: list[None] = []
        self._starts_are_stopped = False
        install_response_checks(client)
        # Registered last, because an earlier handler may still prevent the request.
        client.meta.events.register_last(
            "before-send.servicecatalog", self._begin_request, unique_id="selfservice-request"
        )

    @property
    def region(self) -> str:
        """The region that the calls go to."""
        return str(self._client.meta.region_name)

    @property
    def requests(self) -> int:
        """The number of HTTP requests sent, including retries."""
        return len(self._requests)

    def stop_starts(self) -> None:
        """Prevent further start requests, including retries of those in flight."""
        self._starts_are_stopped = True

    def seconds_left(self, began: float | None = None) -> float:
        """Return how many seconds are left for a call that begins now, or began at this time in monotonic seconds."""
        return math.inf if self._seconds_left is None else self._seconds_left(began)

    def execute_provisioned_product_service_action(
        self, request: Request, *, caller_abandons: bool = False
    ) -> StartResponse:
        """Start the action; all attempts send the same token, so the service starts it only once.

        With `caller_abandons`, the call runs on the caller's thread without a time limit.
        """
        call, members = self._client.execute_provisioned_product_service_action, request.to_members() | self._language
        try:
            response = make_call(call, members) if caller_abandons else self._call(call, **members)
        except MalformedResponse:
            # The record may exist: keep its id even if other members of the response can't be parsed.
            response = {"RecordDetail": texts_of_record(current_attempts().last_body)}
            if not response["RecordDetail"]:
                raise
        detail, metadata = response.get("RecordDetail") or {}, response.get("ResponseMetadata", {})
        if not detail.get("RecordId"):
            raise MalformedResponse("ExecuteProvisionedProductServiceAction was answered without a record.")
        return StartResponse(detail, _date(metadata.get("HTTPHeaders", {}).get("date")))

    def describe_record(self, record_id: str, *, may_continue: Check = always) -> tuple[dict, Iterator[dict]]:
        """Return a RecordDetail and an iterator over its RecordOutputs, which reads further pages as needed."""
        pages = self._pages(self._client.describe_record, {"Id": record_id, **self._language}, may_continue)
        first = next(pages)
        detail = first.get("RecordDetail") or {}
        if detail.get("RecordId") != record_id or not detail.get("Status"):
            raise MalformedResponse("DescribeRecord was answered without the record, or with another one.")

        def outputs() -> Iterator[dict]:
            yield from _items(first, "RecordOutputs")
            for page in pages:
                yield from _items(page, "RecordOutputs")

        return detail, outputs()

    def describe_provisioned_product(self, **id_or_name: str) -> dict:
        """Return a ProvisionedProductDetail, by Id or Name, with the CloudWatchDashboards of the product."""
        response = self._call(self._client.describe_provisioned_product, **id_or_name, **self._language)
        detail = response.get("ProvisionedProductDetail") or {}
        if not {"Id", "ProductId", "ProvisioningArtifactId"} <= set(detail):
            raise MalformedResponse("DescribeProvisionedProduct was answered without the ids of the product.")
        # Another product must never be used: the action would run on it.
        if any(str(detail.get(member, asked)).lower() != asked.lower() for member, asked in id_or_name.items()):
            raise MalformedResponse("DescribeProvisionedProduct was answered with another product.")
        return {**detail, "CloudWatchDashboards": _items(response, "CloudWatchDashboards")}

    def get_provisioned_product_outputs(self, product_id: str) -> Iterator[dict]:
        """Yield the RecordOutputs of a provisioned product's last successful provisioning, reading pages as needed."""
        given = {"ProvisionedProductId": product_id, "PageSize": 20, **self._language}
        for page in self._pages(self._client.get_provisioned_product_outputs, given):
            yield from _items(page, "Outputs")

    def describe_service_action_execution_parameters(self, product_id: str, action_id: str) -> list[ExecutionParameter]:
        """Return the parameters that the action accepts for this provisioned product, with their default values."""
        call = self._client.describe_service_action_execution_parameters
        response = self._call(call, ProvisionedProductId=product_id, ServiceActionId=action_id, **self._language)
        return [
            ExecutionParameter(item["Name"], item.get("Type"), tuple(_items(item, "DefaultValues")))
            for item in _items(response, "ServiceActionParameters")
            if item.get("Name")
        ]

    def list_service_actions_for_provisioning_artifact(self, product_id: str, artifact_id: str) -> Iterator[dict]:
        """Yield the ServiceActionSummary of each action of a provisioning artifact, reading pages as needed."""
        call = self._client.list_service_actions_for_provisioning_artifact
        given = {"ProductId": product_id, "ProvisioningArtifactId": artifact_id, "PageSize": 20, **self._language}
        for page in self._pages(call, given):
            yield from _with_ids(page, "ServiceActionSummaries")

    def search_provisioned_products(
        self,
        queries: Sequence[str] = (),
        *,
        on_total: Callable[[Any], None] = lambda _total: None,
        may_continue: Check = always,
    ) -> Iterator[dict]:
        """Yield a ProvisionedProductAttribute for each match, sorted by id, reading pages as needed.

        The service's default order is random, so its pages would lose and repeat items. It can't sort by creation time.
        `on_total` is called with the TotalResultsCount of each page.
        """
        given: dict[str, Any] = {"SortBy": "id", "SortOrder": "ASCENDING", "PageSize": 100}
        if queries:
            given["Filters"] = {"SearchQuery": list(queries)}
        read_at = self._read_at(self._client.search_provisioned_products, given, may_continue)
        for page in self._levels.read(SEARCH, read_at, may_continue):
            on_total(page.get("TotalResultsCount"))
            yield from _with_ids(page, "ProvisionedProducts")

    def list_record_history(
        self, *, search_filter: tuple[str, str] | None = None, levels: AccessLevels | None = None
    ) -> Iterator[list[dict]]:
        """Yield pages of RecordDetails in the service's order, which is undocumented.

        `search_filter` is a key, `product` or `provisionedproduct`, and an id.
        """
        given: dict[str, Any] = {"PageSize": 20}
        if search_filter:
            given["SearchFilter"] = dict(zip(("Key", "Value"), search_filter))
        read_at = self._read_at(self._client.list_record_history, given, always)
        for page in (levels or self._levels).read(HISTORY, read_at):
            yield _items(page, "RecordDetails")

    def describe_service_action(self, action_id: str) -> dict:
        """Return the ServiceActionDetail of an action; only administrators may read it."""
        return self._call(self._client.describe_service_action, Id=action_id).get("ServiceActionDetail") or {}

    def ask(self, operation: str, **members: Any) -> dict[str, Any]:
        """Make a read of any form, also one that the service may refuse; `operation` is a method of the client."""
        return self._call(getattr(self._client, operation), **members)

    def _begin_request(self, event_name: str, **_kwargs: Any) -> None:
        if self._starts_are_stopped and event_name.endswith(_EXECUTE):
            raise StartStopped("it was no longer sent")
        if not current_attempts().begin():
            raise CallAbandoned("it was no longer sent")
        # A list, because many threads send requests and list.append is atomic.
        self._requests.append(None)

    def _call(self, call: Any, **members: Any) -> dict[str, Any]:
        """Make a call; abandon it if it takes too long."""
        if self._seconds_left is None:
            return make_call(call, members)
        # Imported here, because calls without a limit don't need it.
        from concurrent.futures import wait

        from .._threads import start_call

        future = start_call(partial(make_call, call, members))
        if not wait([future], max(0.0, min(self.seconds_left(), _LONGEST_WAIT))).done:
            current_attempts().abandon()
            raise CallAbandoned(f"{operation_of(call)} was not answered in time")
        return future.result()

    def _read_at(self, call: Any, given: Mapping[str, Any], may_continue: Check) -> Callable[[str], Iterator[dict]]:
        """Return a function that yields the pages of a listing at an access level."""
        return lambda level: self._pages(call, {**given, "AccessLevelFilter": access_level_filter(level)}, may_continue)

    def _pages(self, call: Any, given: Mapping[str, Any], may_continue: Check = always) -> Iterator[dict]:
        seen = set()
        page = self._call(call, **given)
        yield page
        while page.get("NextPageToken"):
            token = page["NextPageToken"]
            if token in seen:
                raise MalformedResponse(
                    f"{operation_of(call)} returned the same page token twice, so paging would never end."
                )
            if not may_continue():
                raise CallAbandoned(f"no time was left for further pages of {operation_of(call)}")
            seen.add(token)
            page = self._call(call, **given, PageToken=token)
            yield page


def _items(members: Mapping[str, Any], name: str) -> list[Any]:
    """Return the items of a list that may be missing, without nulls."""
    return [item for item in members.get(name) or () if item is not None]


def _with_ids(page: Mapping[str, Any], name: str) -> list[dict]:
    """Return the items of a page; raise MalformedResponse if one has no id."""
    items = _items(page, name)
    if not all(isinstance(item.get("Id"), str) and item["Id"] for item in items):
        raise MalformedResponse(f"{name} has an item without an id.")
    return items


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except (ArithmeticError, TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
