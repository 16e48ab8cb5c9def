# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names to ids, with no more rights than an end user has."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import _api
from ._errors import SERVICE_ERRORS, NotFound, explain, is_not_found
from ._types import Reference

if TYPE_CHECKING:
    from botocore.client import BaseClient

# How many names the result's `choices` has at most (one page of products), and how many of them a message.
_CHOICES, _LISTED = 100, 20


def find_provisioned_product(client: BaseClient, target: Reference, *, language: str | None = None) -> dict[str, Any]:
    """Return the ProvisionedProductDetail of a target: one call, one more to list the choices when there is none."""
    member, wanted = target.member
    try:
        return _api.describe_provisioned_product(client, language=language, **{member: wanted})
    except SERVICE_ERRORS as error:
        if not is_not_found(error):
            raise
    missing = no_such_product(target)
    try:
        some = islice(_api.search_provisioned_products(client), _CHOICES)
        choices = sorted(str(product.get(member)) for product in some)
    except SERVICE_ERRORS as error:
        # The list only helps a message that is due anyway.
        raise NotFound(f"{missing} What there is could not be listed: {explain(error)}.") from error
    raise NotFound(f"{missing} They see: {_listed(choices)}.", choices=choices)


def no_such_product(target: Reference) -> str:
    """Return what is said of a provisioned product that is not there, or not to be seen."""
    member, wanted = target.member
    return f"There is no provisioned product with the {member.lower()} {wanted!r} that these credentials can see."


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


def _listed(choices: list[str]) -> str:
    shown = ", ".join(choices[:_LISTED]) or "none"
    return f"{shown}, and more" if len(choices) > _LISTED else shown
