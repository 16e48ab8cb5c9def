# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that masks: secret values in what users see, and characters that would steer their terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from ._exceptions import InvalidInput
from ._servicecatalog.models import Parameters

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
SHORTEST_SECRET = 4


def check_secrets(secrets: Parameters) -> None:
    """Reject secrets so short or so common that masking them would blank out ids and messages."""
    for name, values in secrets.items():
        if any(len(value) < SHORTEST_SECRET or value in ("true", "false") for value in values):
            raise InvalidInput(
                f"sensitive_parameters has a boolean, or a value under {SHORTEST_SECRET} characters for {name!r}. "
                "Masking it would blank out ids as well; give a longer one, or use parameters if it is no secret."
            )


def encoded_variants(secrets: Parameters) -> set[str]:
    """Return the secrets as the service may echo them: as they are, trimmed, and encoded as JSON, repr or in a URL."""
    variants: set[str] = set()
    for secret in (value for values in secrets.values() for value in values):
        escaped = (
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
            printable(secret),
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
        )
        variants.update(each for each in (secret, secret.strip(), *escaped) if len(each) >= SHORTEST_SECRET)
    return variants


def mask_parameters(parameters: Parameters, secret_names: Iterable[str]) -> Parameters:
    """Return the parameters with each value of `secret_names` masked."""
    secret = set(secret_names)
    return {name: [MASK] * len(values) if name in secret else values for name, values in parameters.items()}


def printable(text: str) -> str:
    """Return a text for a terminal: characters that would steer it, or turn the direction of reading, are escaped."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)
