# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names to ids, with no more rights than an end user has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _api
from ._errors import SERVICE_ERRORS, NotFound, is_not_found
from ._types import Reference

if TYPE_CHECKING:
    from botocore.client import BaseClient

# How many names a message lists; the result's `choices` has those of one page.
_LISTED = 20


def find_provisioned_product(client: BaseClient, target: Reference, *, language: str | None = None) -> dict[str, Any]:
    """Return the ProvisionedProductDetail of a target: one call, one more to list the choices when there is none."""
    member, wanted = target.member
    try:
        return _api.describe_provisioned_product(client, language=language, **{member: wanted})
    except SERVICE_ERRORS as error:
        if not is_not_found(error):
            raise
    choices = _products_to_choose_from(client, member)
    raise NotFound(
        f"There is no provisioned product with the {member.lower()} {wanted!r} that these credentials can see. "
        f"They see: {_listed(choices)}.",
        choices=choices,
    )


def find_action(
    client: BaseClient, product: Mapping[str, Any], action: Reference, *, language: str | None = None
) -> dict[str, Any]:
    """Return the ServiceActionSummary of an action of the product's own artifact, reading pages until found."""
    member, wanted = action.member
    others: list[str] = []
    for summary in _api.service_actions_for_artifact(
        client, product["ProductId"], product["ProvisioningArtifactId"], language=language
    ):
        if summary.get(member) == wanted:
            return summary
        others.append(str(summary.get(member)))
    raise NotFound(
        f"The provisioned product {product.get('Name')!r} ({product.get('Id')}) has no service action with the "
        f"{member.lower()} {wanted!r}. It has: {_listed(sorted(others))}.",
        choices=sorted(others),
    )


def _products_to_choose_from(client: BaseClient, member: str) -> list[str]:
    """Return what to choose from, as far as it may be read: it only helps a message that is due anyway."""
    found: list[str] = []
    try:
        for product in _api.search_provisioned_products(client):
            found.append(str(product.get(member)))
            if len(found) >= 100:
                break
    except SERVICE_ERRORS:
        pass
    return sorted(found)


def _listed(choices: list[str]) -> str:
    shown = ", ".join(choices[:_LISTED]) or "none"
    return f"{shown}, and more" if len(choices) > _LISTED else shown
