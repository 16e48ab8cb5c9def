# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a provisioned product: whether it accepts an action, and how messages describe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._secrets.masker import mask

# The product is being changed, and may accept an action afterwards.
CHANGING = ("UNDER_CHANGE", "PLAN_IN_PROGRESS")
BUSY = (*CHANGING, "ERROR")
READY = ("AVAILABLE", "TAINTED")
STATUSES = ("AVAILABLE", "UNDER_CHANGE", "TAINTED", "ERROR", "PLAN_IN_PROGRESS")
# AWS does not document whether the service accepts a repeated start request while the product is busy with that start.
MAY_BE_BUSY_WITH_THIS_CHANGE = "It may be busy with this change."


def describe_product(product: Mapping[str, Any]) -> str:
    """Return the name and the id of a provisioned product as a phrase."""
    return f"provisioned product {mask(product.get('Name'))!r} ({product.get('Id')})"


def describe_status(product: Mapping[str, Any]) -> str:
    """Return the status of a provisioned product and the service's message about it."""
    reason = f" ({mask(product['StatusMessage']).rstrip('.')})" if product.get("StatusMessage") else ""
    return f"{product.get('Status')}{reason}"
