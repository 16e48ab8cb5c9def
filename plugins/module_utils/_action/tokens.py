# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every idempotency token that this collection makes."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection

from .._servicecatalog.models import Parameters


def new_token() -> str:
    """Return a token that no other run has."""
    return str(uuid.uuid4())


def derive_token(
    seed: str,
    product_id: str | None,
    action_id: str | None,
    *,
    parameters: Parameters,
    secret_names: Collection[str],
) -> str:
    """Return a SHA-256 of a seed, a provisioned product, a service action and parameters.

    Of secret parameters only the names count, since a short value could be guessed from its hash.
    """
    plain = {name: values for name, values in parameters.items() if name not in secret_names}
    text = json.dumps([seed, product_id, action_id, plain, sorted(secret_names)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
