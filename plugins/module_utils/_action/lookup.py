# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names to ids, with the rights of an end user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from .._exceptions import NotFound
from .._secrets.masker import mask
from .._servicecatalog.errors import SERVICE_ERRORS, describe_error, is_not_found
from .._servicecatalog.models import Reference

if TYPE_CHECKING:
    from .._servicecatalog.api import ServiceCatalog

# How many names the result's `choices` has at most (one page of products), and how many of them a message.
_MOST_CHOICES, _MOST_SHOWN = 100, 20


def find_provisioned_product(service: ServiceCatalog, target: Reference) -> dict[str, Any]:
    """Return the ProvisionedProductDetail of a target: one call, and one more to list the choices if there is none."""
    member, wanted = target.lookup_key
    try:
        return service.describe_provisioned_product(**{member: wanted})
    except SERVICE_ERRORS as error:
        if not is_not_found(error):
            raise
    missing = no_such_product(target)
    try:
        some = islice(service.search_provisioned_products(), _MOST_CHOICES)
        choices = _choices(some, member)
    except SERVICE_ERRORS as error:
        # The list only helps a message that is due anyway.
        raise NotFound(f"{missing} What there is could not be listed: {describe_error(error)}.") from error
    raise NotFound(f"{missing} They see: {_format_choices(choices)}.", choices=choices)


def no_such_product(target: Reference) -> str:
    """Return the message for a provisioned product that does not exist or is not visible."""
    member, wanted = target.lookup_key
    return f"There is no provisioned product with the {member.lower()} {mask(wanted)!r} that these credentials can see."


def find_action(service: ServiceCatalog, product: Mapping[str, Any], action: Reference) -> dict[str, Any]:
    """Return the ServiceActionSummary of an action of the product's own artifact, reading pages until it is found."""
    member, wanted = action.lookup_key
    others: list[Mapping[str, Any]] = []
    artifact = (product["ProductId"], product["ProvisioningArtifactId"])
    for summary in service.list_service_actions_for_provisioning_artifact(*artifact):
        if summary.get(member) == wanted:
            return summary
        others.append(summary)
    choices = _choices(others, member)
    raise NotFound(
        f"The provisioned product {mask(product.get('Name'))!r} ({product.get('Id')}) has no service action with the "
        f"{member.lower()} {mask(wanted)!r}. It has: {_format_choices(choices)}.",
        choices=choices,
    )


def _choices(items: Iterable[Mapping[str, Any]], member: str) -> list[str]:
    """Return the ids or names of items; names may have secrets."""
    found = sorted(str(item.get(member)) for item in items)
    return found if member == "Id" else [mask(each) for each in found]


def _format_choices(choices: list[str]) -> str:
    shown = ", ".join(choices[:_MOST_SHOWN]) or "none"
    return f"{shown}, and more" if len(choices) > _MOST_SHOWN else shown
