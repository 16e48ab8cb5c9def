# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each API call; what botocore lacks for them: paging, and answers that say nothing.

Every function takes a Service Catalog client on which `watch` was called, and raises botocore's own
ClientError and BotoCoreError, or GarbledAnswer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ._errors import GarbledAnswer, was_never_sent
from ._types import Answer, ExecutionParameter, Request

if TYPE_CHECKING:
    from botocore.client import BaseClient

# The attempts of the call under way after which nobody knows whether the service acted.
_open_attempts: ContextVar[list[int]] = ContextVar("_open_attempts")

_LONGEST_RETRY_PAUSE = 20.0


def watch(client: BaseClient) -> None:
    """Make the client retry, and then refuse, an HTTP 200 that says nothing, and note attempts left open.

    Botocore takes such an answer for an empty one: a write would lose its record, a listing all pages after it.
    """
    attempts = _attempts(client)

    def retry_garbled(response: tuple | None, **kwargs: Any) -> float | None:
        _note_open_attempt(response, kwargs["caught_exception"], kwargs["attempts"])
        if response is None or not _is_garbled(response[0]) or kwargs["attempts"] >= attempts:
            return None
        return min(_LONGEST_RETRY_PAUSE, random.random() * 2 ** (kwargs["attempts"] - 1))

    # First, since botocore's legacy mode raises the error of the last attempt before later handlers see it.
    client.meta.events.register_first("needs-retry.servicecatalog", retry_garbled, unique_id="selfservice-retry")
    client.meta.events.register("after-call.servicecatalog", _refuse_garbled, unique_id="selfservice-refuse")


def count_requests(client: BaseClient, sent: list[None]) -> None:
    """Let a list grow by one with each HTTP request of the client, retries included."""

    def note(**_kwargs: Any) -> None:
        sent.append(None)

    client.meta.events.register("before-send.servicecatalog", note)


@contextmanager
def open_attempts() -> Iterator[list[int]]:
    """Give a list that fills with the numbers of the attempts that may have reached the service without telling."""
    noted: list[int] = []
    token = _open_attempts.set(noted)
    try:
        yield noted
    finally:
        _open_attempts.reset(token)


def execute_provisioned_product_service_action(client: BaseClient, request: Request) -> Answer:
    """Start the action. All attempts send the same token, so the service starts it once."""
    response = _call(client.execute_provisioned_product_service_action, **as_members(request))
    if not response.get("RecordDetail", {}).get("RecordId"):
        raise GarbledAnswer("ExecuteProvisionedProductServiceAction was answered without a record.")
    return Answer(response["RecordDetail"], _date(response["ResponseMetadata"].get("HTTPHeaders", {}).get("date")))


def as_members(request: Request) -> dict[str, Any]:
    """Return the members that the call takes; those without a value are left out."""
    members = {
        "ProvisionedProductId": request.provisioned_product_id,
        "ServiceActionId": request.service_action_id,
        "ExecuteToken": request.execute_token,
        "AcceptLanguage": request.accept_language,
        "Parameters": request.parameters,
    }
    return {name: value for name, value in members.items() if value}


def describe_record(client: BaseClient, record_id: str, language: str | None = None) -> tuple[dict, Iterator[dict]]:
    """Return a RecordDetail, and an iterator over its RecordOutputs that reads further pages as it needs them."""
    pages = _pages(client.describe_record, {"Id": record_id, **_language(language)})
    first = next(pages)
    if "RecordDetail" not in first:
        raise GarbledAnswer("DescribeRecord was answered without a record.")

    def outputs() -> Iterator[dict]:
        yield from _items(first, "RecordOutputs")
        for page in pages:
            yield from _items(page, "RecordOutputs")

    return first["RecordDetail"], outputs()


def describe_provisioned_product(client: BaseClient, *, language: str | None = None, **id_or_name: str) -> dict:
    """Return a ProvisionedProductDetail, by Id or Name."""
    response = _call(client.describe_provisioned_product, **id_or_name, **_language(language))
    detail = response.get("ProvisionedProductDetail") or {}
    if not {"Id", "ProductId", "ProvisioningArtifactId"} <= set(detail):
        raise GarbledAnswer("DescribeProvisionedProduct was answered without the ids of the product.")
    return detail


def describe_service_action_execution_parameters(
    client: BaseClient, product_id: str, action_id: str, *, language: str | None = None
) -> list[ExecutionParameter]:
    """Return the parameters that the action takes on that provisioned product, with its defaults there."""
    call = client.describe_service_action_execution_parameters
    response = _call(call, ProvisionedProductId=product_id, ServiceActionId=action_id, **_language(language))
    return [
        ExecutionParameter(item["Name"], item.get("Type"), tuple(_items(item, "DefaultValues")))
        for item in _items(response, "ServiceActionParameters")
        if item.get("Name")
    ]


def service_actions_for_artifact(
    client: BaseClient, product_id: str, artifact_id: str, *, language: str | None = None
) -> Iterator[dict]:
    """Yield the ServiceActionSummary of each action of a provisioning artifact, reading pages as needed."""
    call = client.list_service_actions_for_provisioning_artifact
    given = {"ProductId": product_id, "ProvisioningArtifactId": artifact_id, "PageSize": 20, **_language(language)}
    for page in _pages(call, given):
        yield from _items(page, "ServiceActionSummaries")


def search_provisioned_products(
    client: BaseClient, queries: Sequence[str] = (), *, access_level: str = "Account"
) -> Iterator[dict]:
    """Yield a ProvisionedProductAttribute for each match, oldest first, reading pages as needed.

    Sorted, since the service's own order is random and its pages then lose and repeat items.
    """
    given = {
        "AccessLevelFilter": {"Key": access_level, "Value": "self"},
        "SortBy": "createdTime",
        "SortOrder": "ASCENDING",
        "PageSize": 100,
    }
    if queries:
        given["Filters"] = {"SearchQuery": list(queries)}
    for page in _pages(client.search_provisioned_products, given):
        yield from _items(page, "ProvisionedProducts")


def list_record_history(
    client: BaseClient, *, access_level: str = "Account", search_filter: tuple[str, str] | None = None
) -> Iterator[list[dict]]:
    """Yield pages of RecordDetails, in the order of the service, which is not documented.

    `search_filter` is a key, `product` or `provisionedproduct`, and an id.
    """
    given: dict[str, Any] = {"AccessLevelFilter": {"Key": access_level, "Value": "self"}, "PageSize": 20}
    if search_filter:
        given["SearchFilter"] = dict(zip(("Key", "Value"), search_filter))
    for page in _pages(client.list_record_history, given):
        yield _items(page, "RecordDetails")


def describe_service_action(client: BaseClient, action_id: str) -> dict:
    """Return the ServiceActionDetail of an action, for which administrators have the right."""
    return _call(client.describe_service_action, Id=action_id).get("ServiceActionDetail") or {}


def _call(call: Any, **members: Any) -> dict[str, Any]:
    """Make a call; what botocore's parser raises of an answer that its model does not have is a GarbledAnswer."""
    try:
        return call(**members)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise GarbledAnswer(f"{call.__name__} was answered with what can't be read: {error}.") from error


def _items(members: Mapping[str, Any], name: str) -> list[Any]:
    """Return the items of a list, be it missing; nulls among them say nothing."""
    return [item for item in members.get(name) or () if item is not None]


def _language(language: str | None) -> dict[str, str]:
    return {"AcceptLanguage": language} if language else {}


def _pages(call: Any, given: Mapping[str, Any]) -> Iterator[dict]:
    seen = set()
    page = _call(call, **given)
    yield page
    while page.get("NextPageToken"):
        token = page["NextPageToken"]
        if token in seen:
            raise GarbledAnswer(f"{call.__name__} gave the same page token twice, so its pages would never end.")
        seen.add(token)
        page = _call(call, **given, PageToken=token)
        yield page


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _attempts(client: BaseClient) -> int:
    """Return how often botocore tries a call: as the user set it (aws_config, AWS_MAX_ATTEMPTS), or its mode does."""
    retries = client.meta.config.retries or {}
    return retries.get("total_max_attempts", 5 if retries.get("mode") == "legacy" else 3)


def _note_open_attempt(response: tuple | None, error: BaseException | None, number: int) -> None:
    if error is not None:
        is_open = not was_never_sent(error)
    else:
        is_open = response is None or response[0].status_code >= 500 or _is_garbled(response[0])
    if is_open:
        _open_attempts.get([]).append(number)


def _refuse_garbled(http_response: Any, model: Any, **_kwargs: Any) -> None:
    if _is_garbled(http_response):
        raise GarbledAnswer(f"{model.name} was answered with HTTP 200 and a body that is cut off or not the service's.")


def _is_garbled(http_response: Any) -> bool:
    if http_response.status_code != 200:
        return False
    if "cbor" in http_response.headers.get("Content-Type", ""):
        return not http_response.content
    try:
        return not isinstance(json.loads(http_response.content), dict)
    except ValueError:
        return True
