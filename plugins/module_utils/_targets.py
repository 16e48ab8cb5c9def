# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of a bulk run: from what a task gives to one request each, in few calls."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import _api, _parameters, _resolve
from ._errors import SERVICE_ERRORS, InvalidInput, SelfServiceError, is_access_denied, is_not_found, sentence
from ._plan import Plan
from ._types import Parameters, Reference, Request

if TYPE_CHECKING:
    from botocore.client import BaseClient

# From so many products on, pages of 100 are likely to be cheaper than a call for each.
_LISTING_PAYS_FROM = 10


@dataclass(frozen=True)
class BulkTarget:
    """One target: the product, its parameters, and as they become known the product's detail and what is against it."""

    reference: Reference
    parameters: Parameters
    product: Mapping[str, Any] | None = None
    action_id: str | None = None
    error: str | None = None

    @property
    def product_id(self) -> str | None:
        """The id of the provisioned product, None while it is not known."""
        return self.reference.id or (self.product or {}).get("Id")


def given_targets(params: Mapping[str, Any], common: Parameters, secrets: Parameters) -> list[BulkTarget]:
    """Return the targets of `targets`, `provisioned_product_ids` or `provisioned_product_names`, checked."""
    plain: list[Mapping[str, Any]] = [
        *({"provisioned_product_id": each} for each in params["provisioned_product_ids"] or ()),
        *({"provisioned_product_name": each} for each in params["provisioned_product_names"] or ()),
        *(params["targets"] or ()),
    ]
    found = []
    for item in plain:
        _parameters.check_limits(item)
        own = _parameters.as_sent(item.get("parameters"), "parameters of a target")
        parameters = {**common, **own, **secrets}
        _parameters.check_parameters(parameters)
        reference = Reference(item.get("provisioned_product_id"), item.get("provisioned_product_name"))
        found.append(BulkTarget(reference, parameters))
    return found


def searched_targets(client: BaseClient, queries: list[str], parameters: Parameters) -> list[BulkTarget]:
    """Return a target for each provisioned product that the search finds."""
    return [
        BulkTarget(Reference(product["Id"]), parameters, product)
        for product in _api.search_provisioned_products(client, queries)
    ]


def resolve(
    client: BaseClient, targets: list[BulkTarget], action: Reference, *, pool: ThreadPoolExecutor, language: str | None
) -> list[BulkTarget]:
    """Return the targets with their product's and the action's id, or with what is against them.

    Reads nothing for ids; else a page for 100 products or a call for each, and the action once for each artifact.
    """
    if not action.id or any(not target.product_id for target in targets):
        targets = _with_products(client, targets, needs_all=not action.id, pool=pool, language=language)
    refuse_duplicates(targets)
    if action.id:
        return [replace(target, action_id=action.id) for target in targets]
    return _with_actions(client, targets, action, language=language)


def refuse_duplicates(targets: Iterable[BulkTarget]) -> None:
    """Refuse a provisioned product that is a target twice, by its id or by its name."""
    counted = Counter(target.product_id or target.reference.name for target in targets)
    twice = [str(each) for each, count in counted.items() if count > 1]
    if twice:
        raise InvalidInput(f"These targets are given more than once: {', '.join(twice[:20])}. Give each of them once.")


def token_of(seed: str, target: BulkTarget, secret_names: Iterable[str]) -> str:
    """Return the token of a target: a SHA-256 of seed, product id, action id and parameters.

    Of secret parameters only the names count, since the hash of a PIN can be guessed back.
    """
    secret = set(secret_names)
    plain = {name: values for name, values in target.parameters.items() if name not in secret}
    text = json.dumps([seed, target.product_id, target.action_id, plain, sorted(secret)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def plan_of(target: BulkTarget, token: str, *, token_is_new: bool, language: str | None) -> Plan:
    """Return the request for a target that is resolved."""
    sent = Request(str(target.product_id), str(target.action_id), token, language, target.parameters)
    return Plan(sent, token_is_new)


def _with_products(
    client: BaseClient, targets: list[BulkTarget], *, needs_all: bool, pool: ThreadPoolExecutor, language: str | None
) -> list[BulkTarget]:
    missing = [target for target in targets if target.product is None and (needs_all or not target.product_id)]
    listed = _listed(client, missing) if len(missing) >= _LISTING_PAYS_FROM else {}

    def described(target: BulkTarget) -> BulkTarget:
        product = target.product or listed.get(target.reference.member)
        if product is not None or not (needs_all or not target.product_id):
            return replace(target, product=product)
        return _described(client, target, language)

    return list(pool.map(described, targets))


def _listed(client: BaseClient, missing: list[BulkTarget]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return those products that a listing finds, by member and value: none if the caller may not list."""
    listed: dict[tuple[str, str], Mapping[str, Any]] = {}
    wanted = {target.reference.member for target in missing}
    try:
        # No more pages than describing each would be calls.
        for product in islice(_api.search_provisioned_products(client), 100 * len(missing)):
            for member in ("Id", "Name"):
                if (member, product.get(member)) in wanted:
                    listed[member, str(product[member])] = product
            if len(listed) >= len(wanted):
                break
    except SERVICE_ERRORS as error:
        if not is_access_denied(error):
            raise
    return listed


def _described(client: BaseClient, target: BulkTarget, language: str | None) -> BulkTarget:
    member, wanted = target.reference.member
    try:
        return replace(target, product=_api.describe_provisioned_product(client, language=language, **{member: wanted}))
    except SERVICE_ERRORS as error:
        missing = _resolve.no_such_product(target.reference)
        return replace(target, error=missing if is_not_found(error) else sentence(error))


def _with_actions(
    client: BaseClient, targets: list[BulkTarget], action: Reference, *, language: str | None
) -> list[BulkTarget]:
    found: dict[tuple[str, str], tuple[str | None, str | None]] = {}

    def with_action(target: BulkTarget) -> BulkTarget:
        if target.product is None:
            return target
        artifact = (str(target.product.get("ProductId")), str(target.product.get("ProvisioningArtifactId")))
        if artifact not in found:
            found[artifact] = _action_of(client, target.product, action, language)
        action_id, error = found[artifact]
        return replace(target, action_id=action_id, error=error)

    return [with_action(target) for target in targets]


def _action_of(
    client: BaseClient, product: Mapping[str, Any], action: Reference, language: str | None
) -> tuple[str | None, str | None]:
    """Return the id of the action, or what is against it."""
    try:
        return str(_resolve.find_action(client, product, action, language=language)["Id"]), None
    except (SelfServiceError, *SERVICE_ERRORS) as error:
        return None, sentence(error)
