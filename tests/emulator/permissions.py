# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers, and whether their policies allow a call at the access level that it requires."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .catalog import Catalog
from .exceptions import AccessDenied
from .policies import LEVELS, allowed_level
from .searching import DEFAULT_LEVELS, level_of

_ACCESS_KEY = re.compile("Credential=([^/,]+)/")


def check_allowed(catalog: Catalog, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise AccessDenied unless the caller's policy allows a call at the access level that it requires."""
    policy, action = catalog.caller.policy, f"{service}:{operation}"
    # Policies don't apply to STS: every caller may get its identity and assume any role.
    if policy is None or service != "servicecatalog":
        return
    allowed = allowed_level(policy, action)
    if allowed is None or LEVELS.index(allowed) > LEVELS.index(_needed_level(catalog, operation, parameters)):
        raise AccessDenied(
            f"User: {catalog.user_arn} is not authorized to perform: {action} because no identity-based policy allows "
            f"the {action} action"
        )


def access_key_of(authorization: str) -> str:
    """Return the access key in an Authorization header, or an empty string."""
    match = _ACCESS_KEY.search(authorization)
    return match[1] if match else ""


def _needed_level(catalog: Catalog, operation: str, parameters: Mapping[str, Any]) -> str:
    """Return the level that a listing requests, or the level at which the caller can access the call's product."""
    if operation in DEFAULT_LEVELS:
        return str((parameters.get("AccessLevelFilter") or {}).get("Key") or DEFAULT_LEVELS[operation])
    product = catalog.provisioned_products.get(catalog.product_of(parameters, catalog.region) or "")
    return "User" if product is None else level_of(catalog, product)
