# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that can be answered by reading. Null means that the account does not have enough data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .._servicecatalog.levels import LEVELS, access_level_filter
from .._servicecatalog.models import in_utc
from .interview import Interview, Reply, members_of, outputs_answer

_PRODUCTS, _RECORDS = "search_provisioned_products", "list_record_history"
# The name of the list in each operation's response, and the maximum page size.
_LISTS = {_PRODUCTS: ("ProvisionedProducts", 100), _RECORDS: ("RecordDetails", 20)}
_ENDED = ("SUCCEEDED", "FAILED")
# With fewer records, the order could be a coincidence.
_FEWEST_RECORDS = 3
_MOST_TYPES = 5


class Listings:
    """The first pages of products and of records, by operation and access level."""

    def __init__(self, interview: Interview) -> None:
        self._replies: dict[tuple[str, str], Reply] = {}
        for operation, (_name, page_size) in _LISTS.items():
            order = {"SortBy": "id"} if operation == _PRODUCTS else {}
            for level in LEVELS:
                given = {"AccessLevelFilter": access_level_filter(level), "PageSize": page_size, **order}
                self._replies[operation, level] = interview.ask(operation, **given)

    def reply(self, operation: str, level: str) -> Reply:
        """Return the reply of an operation at a level."""
        return self._replies[operation, level]

    def items(self, operation: str, level: str = "") -> list[Mapping[str, Any]]:
        """Return the items at a level, by default the widest allowed one."""
        reply = self._replies[operation, level or self.widest(operation)]
        return [each for each in reply.members.get(_LISTS[operation][0]) or () if each]

    def widest(self, operation: str) -> str:
        """Return the widest allowed level, or the narrowest level if none is allowed."""
        return next((level for level in LEVELS if not self._replies[operation, level].refusal), LEVELS[-1])

    def is_complete(self, operation: str, level: str) -> bool:
        """Return whether the first page has all items."""
        reply = self._replies[operation, level]
        return not reply.refusal and not reply.members.get("NextPageToken")


def ask_by_reading(interview: Interview, product_id: str | None) -> None:
    """Ask all questions that can be answered by reading. By default, the first listed product is described."""
    listings = Listings(interview)
    interview.note("access levels", _access_levels(listings))
    interview.note("sessions", _sessions(listings))
    interview.note("invalid requests", _invalid_requests(interview, listings))
    interview.note("search terms", _search_terms(interview, listings))
    interview.note("history", _history(listings))
    interview.note("outputs", {"of_newest": _outputs(interview, listings)})
    interview.note("records of others", _records_of_others(interview, listings))
    interview.note("product", _product(interview, listings, product_id))


def _access_levels(listings: Listings) -> dict[str, Any]:
    """Return the number of items on the first page of each listing, or its error code."""
    answer: dict[str, Any] = {}
    for operation in _LISTS:
        answer[operation] = {}
        for level in LEVELS:
            refusal = listings.reply(operation, level).refusal or {}
            answer[operation][level] = refusal.get("code", len(listings.items(operation, level)))
            # One message is enough, since all are similar.
            answer.update({"message": refusal["message"]} if "message" in refusal else {})
    return answer


def _sessions(listings: Listings) -> dict[str, Any]:
    """Return whether the user level includes products that other sessions of the role provisioned."""
    user, role = (_sessions_of_products(listings, level) for level in ("user", "role"))
    spans: bool | None = None
    if len(set(user.values())) > 1:
        spans = True
    elif role.keys() - user.keys() and listings.is_complete(_PRODUCTS, "user"):
        spans = False
    sessions = {"user": len(set(user.values())), "role": len(set(role.values()))}
    return {"user_level_spans_sessions": spans, "sessions": sessions}


def _sessions_of_products(listings: Listings, level: str) -> dict[str, str]:
    """Return the ids of the products that sessions of a role provisioned, with the ARNs of the sessions."""
    owners = {each["Id"]: str(each.get("UserArnSession")) for each in listings.items(_PRODUCTS, level)}
    return {product_id: arn for product_id, arn in owners.items() if ":assumed-role/" in arn}


def _invalid_requests(interview: Interview, listings: Listings) -> dict[str, Any]:
    """Return the errors of invalid requests."""
    search = {"AccessLevelFilter": access_level_filter(listings.widest(_PRODUCTS))}
    return {
        "sort_by_created_time": interview.ask(_PRODUCTS, **search, SortBy="createdTime").verdict,
        "search_unknown_field": interview.ask(_PRODUCTS, **search, Filters={"SearchQuery": ["noField:x"]}).verdict,
        "page_token": interview.ask(_PRODUCTS, **search, PageToken="not-a-token").verdict,
        "unknown_record": interview.ask("describe_record", Id="rec-aaaaaaaaaaaaa").verdict,
    }


def _search_terms(interview: Interview, listings: Listings) -> dict[str, Any]:
    """Return whether a search for the ids of two products finds both or none."""
    terms = [f"id:{each['Id']}" for each in listings.items(_PRODUCTS)[:2]]
    found: list[int | None] = [None, None]
    if len(terms) > 1:
        search = {"AccessLevelFilter": access_level_filter(listings.widest(_PRODUCTS)), "SortBy": "id"}
        replies = [interview.ask(_PRODUCTS, **search, Filters={"SearchQuery": terms[:number]}) for number in (1, 2)]
        found = [None if each.refusal else len(each.members.get("ProvisionedProducts") or ()) for each in replies]
    combine = {(1, 0): "all", (1, 2): "any"}.get((found[0] or 0, -1 if found[1] is None else found[1]))
    return {"combine": combine, "one_term_finds": found[0], "two_terms_find": found[1]}


def _history(listings: Listings) -> dict[str, Any]:
    """Return the order of the history, and properties of its records."""
    records = listings.items(_RECORDS)
    times = [time for each in records if (time := in_utc(each.get("CreatedTime")))]
    order = None
    if len(times) >= _FEWEST_RECORDS:
        orders = {"newest first": sorted(times, reverse=True), "oldest first": sorted(times)}
        order = next((name for name, ordered in orders.items() if times == ordered), "neither")
    return {
        "order": order,
        "records": len(records),
        "record_types": dict(Counter(str(each.get("RecordType")) for each in records)),
        "members": members_of(records),
        "whole_seconds": all(each.microsecond == 0 for each in times) if times else None,
    }


def _outputs(interview: Interview, listings: Listings) -> list[dict[str, Any]]:
    """Return properties of the outputs of the newest ended record of each type."""
    newest: dict[str, Mapping[str, Any]] = {}
    ended = [each for each in listings.items(_RECORDS) if each.get("Status") in _ENDED]
    for record in sorted(ended, key=lambda each: str(each.get("CreatedTime")), reverse=True):
        newest.setdefault(str(record.get("RecordType")), record)
    answers = []
    for record_type, record in list(newest.items())[:_MOST_TYPES]:
        reply = interview.ask("describe_record", Id=record["RecordId"])
        found = reply.refusal or outputs_answer(reply.members.get("RecordOutputs") or ())
        answers.append({"record_type": record_type, "status": record["Status"], **found})
    return answers


def _records_of_others(interview: Interview, listings: Listings) -> dict[str, Any]:
    """Return whether the caller may describe a record of its own, and a record of another user."""
    own = [each["RecordId"] for each in listings.items(_RECORDS, "user")]
    all_ids = [each["RecordId"] for each in listings.items(_RECORDS)]
    others = [each for each in all_ids if each not in own] if listings.is_complete(_RECORDS, "user") else []
    return {
        whose: interview.ask("describe_record", Id=ids[0]).verdict if ids else None
        for whose, ids in (("own", own), ("of_others", others))
    }


def _product(interview: Interview, listings: Listings, product_id: str | None) -> dict[str, Any]:
    """Return which information the caller gets about a provisioned product and its actions."""
    listed = listings.items(_PRODUCTS)
    first = product_id or next((each["Id"] for each in listed), None)
    if first is None:
        return {"describe": None}
    reply = interview.ask("describe_provisioned_product", Id=first)
    detail = reply.members.get("ProvisionedProductDetail") or {}
    return {
        "describe": reply.verdict,
        "members": members_of([detail]),
        "members_in_a_search": members_of(listed),
        "read_outputs": interview.ask("get_provisioned_product_outputs", ProvisionedProductId=first).verdict,
        **(_actions(interview, detail) if detail else {}),
    }


def _actions(interview: Interview, product: Mapping[str, Any]) -> dict[str, Any]:
    artifact = {name: product.get(name) for name in ("ProductId", "ProvisioningArtifactId")}
    reply = interview.ask("list_service_actions_for_provisioning_artifact", **artifact, PageSize=20)
    actions = reply.members.get("ServiceActionSummaries") or []
    parameters: list[Mapping[str, Any]] = []
    for action in actions:
        given = {"ProvisionedProductId": product["Id"], "ServiceActionId": action["Id"]}
        found = interview.ask("describe_service_action_execution_parameters", **given).members
        parameters += found.get("ServiceActionParameters") or ()
    return {
        "list_actions": reply.verdict,
        "actions": len(actions),
        "definition_types": sorted({str(each.get("DefinitionType")) for each in actions}),
        "parameter_types": sorted({str(each.get("Type")) for each in parameters}),
    }
