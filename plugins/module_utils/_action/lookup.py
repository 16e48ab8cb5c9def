# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look up ids by name, with the permissions of an end user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from .._exceptions import NotFound
from .._secrets.masker import mask
from .._servicecatalog.errors import SERVICE_ERRORS, describe_error, is_not_found
from .._servicecatalog.models import Reference
from .._servicecatalog.products import describe_product
from .suggestions import suggest

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog

# The most products that are read to suggest similar names, in pages of 100, and the most targets that get suggestions.
_MOST_READ, _MOST_EXPLAINED = 1000, 20


def find_provisioned_product(service: ServiceCatalog, target: Reference) -> dict[str, Any]:
    """Return the ProvisionedProductDetail of a target, or raise NotFound with suggestions.

    Cost: one call, and a listing of the visible products if there is no such product.
    """
    member, wanted = target.lookup_key
    try:
        return service.describe_provisioned_product(**{member: wanted})
    except SERVICE_ERRORS as error:
        if not is_not_found(error):
            raise
    raise missing_products(service, [target])[0]


def missing_products(service: ServiceCatalog, targets: Sequence[Reference]) -> list[NotFound]:
    """Return a NotFound for each provisioned product that does not exist or is not visible; one listing serves all."""
    where = f"in {service.region} that these credentials can see"
    texts = [f"There is no provisioned product {_describe(target)} {where}." for target in targets]
    try:
        visible = list(islice(service.search_provisioned_products(), _MOST_READ))
    except SERVICE_ERRORS as error:
        # The listing only provides suggestions: the products are reported as missing without it, too.
        return [NotFound(f"{text} The visible ones could not be listed: {describe_error(error)}.") for text in texts]
    if not visible:
        return [
            NotFound(f"{text} No provisioned products are visible there: check the region and the account.")
            for text in texts
        ]
    explained = [
        _explain(text, target, "provisioned_product", visible) for text, target in zip(texts, targets[:_MOST_EXPLAINED])
    ]
    return explained + [NotFound(text) for text in texts[_MOST_EXPLAINED:]]


def find_action(service: ServiceCatalog, product: Mapping[str, Any], action: Reference) -> dict[str, Any]:
    """Return the ServiceActionSummary of an action of the product's artifact, reading pages until it is found."""
    member, wanted = action.lookup_key
    others: list[Mapping[str, Any]] = []
    artifact = (product["ProductId"], product["ProvisioningArtifactId"])
    for summary in service.list_service_actions_for_provisioning_artifact(*artifact):
        if summary.get(member) == wanted:
            return summary
        others.append(summary)
    text = f"The {describe_product(product)} has no service action {_describe(action)}."
    raise _explain(text, action, "service_action", others)


def _describe(reference: Reference) -> str:
    member, wanted = reference.lookup_key
    return f"named {mask(wanted)!r}" if member == "Name" else f"with the id {wanted!r}"


def _explain(text: str, reference: Reference, what: str, existing: Sequence[Mapping[str, Any]]) -> NotFound:
    """Return a NotFound that names the option to use instead, id or name, or else similar existing items."""
    member, wanted = reference.lookup_key
    other = "Id" if member == "Name" else "Name"
    known = {str(item[member]) for item in existing if item.get(member)}
    suggestions = suggest(wanted, known, heading="Existing ones", show=mask if member == "Name" else str)
    advice = suggestions.text
    if any(item.get(other) == wanted for item in existing):
        advice = f"That is {'an id' if other == 'Id' else 'a name'}: use {what}_{other.lower()}."
    return NotFound(f"{text} {advice}", choices=suggestions.choices)
