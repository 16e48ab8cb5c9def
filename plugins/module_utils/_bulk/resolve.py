# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve names to ids for the targets of a bulk run, in few calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from .._action import lookup
from .._exceptions import InvalidInput, SelfServiceError
from .._secrets.masker import mask
from .._servicecatalog.errors import SERVICE_ERRORS, is_access_denied, is_not_found
from .._servicecatalog.models import Reference
from .._threads import run_all
from .starts import WORKERS

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog
    from .target import Target

# From this many products on, pages of 100 are likely to be cheaper than one call per product.
_LISTING_PAYS_FROM = 10


def resolve(service: ServiceCatalog, targets: list[Target], action: Reference) -> None:
    """Set the product and the id of the action for each target, or reject the target if they are not found.

    Cost: no call for ids; otherwise a page for 100 products or a call for each, and one lookup per artifact.
    """
    _find_products(service, [each for each in targets if each.product is None and not (action.id and each.product_id)])
    check_duplicates(targets)
    if not action.id:
        _find_actions(service, targets, action)
    for target in targets:
        target.action_id = action.id or target.action_id


def check_duplicates(targets: Iterable[Target]) -> None:
    """Reject a provisioned product that is given more than once, by id or by name."""
    counted = Counter(Reference(target.product_id, target.reference.name).lookup_key for target in targets)
    twice = [value if member == "Id" else mask(value) for (member, value), count in counted.items() if count > 1]
    if twice:
        raise InvalidInput(f"These targets are given more than once: {', '.join(twice[:20])}. List each of them once.")


def _find_products(service: ServiceCatalog, targets: list[Target]) -> None:
    listed = _list_products(service, targets) if len(targets) >= _LISTING_PAYS_FROM else {}
    unknown: set[Target] = set()

    def find(target: Target) -> None:
        target.product = listed.get(target.reference.lookup_key)
        if target.product is None and not _describe_product(service, target):
            unknown.add(target)

    run_all(find, targets, WORKERS)
    rejected = [target for target in targets if target in unknown]
    failures = lookup.missing_products(service, [target.reference for target in rejected]) if rejected else []
    for target, failure in zip(rejected, failures):
        target.reject(failure)


def _list_products(service: ServiceCatalog, missing: list[Target]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the products that a listing finds, by member and value; empty if the caller may not list them."""
    listed: dict[tuple[str, str], Mapping[str, Any]] = {}
    wanted = {target.reference.lookup_key for target in missing}
    try:
        # Read no more pages than there would be calls for single products.
        for product in islice(service.search_provisioned_products(), 100 * len(missing)):
            for member in ("Id", "Name"):
                if (member, product.get(member)) in wanted:
                    listed[member, str(product[member])] = product
            if len(listed) >= len(wanted):
                break
    except SERVICE_ERRORS as error:
        if not is_access_denied(error):
            raise
    return listed


def _describe_product(service: ServiceCatalog, target: Target) -> bool:
    """Set the product of a target, or reject the target if the read fails; return False if there is no such product."""
    member, wanted = target.reference.lookup_key
    try:
        target.product = service.describe_provisioned_product(**{member: wanted})
    except SERVICE_ERRORS as error:
        if is_not_found(error):
            return False
        target.reject(error)
    return True


def _find_actions(service: ServiceCatalog, targets: Iterable[Target], action: Reference) -> None:
    found: dict[tuple[str, str], str | Exception] = {}
    for target in targets:
        if target.product is None:
            continue
        artifact = (str(target.product.get("ProductId")), str(target.product.get("ProvisioningArtifactId")))
        if artifact not in found:
            try:
                found[artifact] = str(lookup.find_action(service, target.product, action)["Id"])
            except (SelfServiceError, *SERVICE_ERRORS) as error:
                found[artifact] = error
        action_id = found[artifact]
        if isinstance(action_id, str):
            target.action_id = action_id
        else:
            target.reject(action_id)
