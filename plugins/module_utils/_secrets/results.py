# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mask foreign texts in results and options, by key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .encodings import encoded_variants, fold
from .masker import MASK, mask, mask_keys, register_secrets

# Keys of results that are ids, fixed words or times, or messages whose quoted texts mask() has already masked.
_NEVER_MASKED = re.compile(
    "(?:record|provisioned_product|product|provisioning_artifact|path|service_action|request|last_(?:.*_)?record)_id|id"
    "|(?:execute|idempotency)_token|change_id|region|status|outcome|(?:created|updated)_time"
    "|(?:record_|provisioned_product_)?type|code|accept_language|msg|error|hints|choices|remaining"
    "|(?:before|after)_header"
)
# Options that are ids or tokens.
_ID_OPTION = re.compile(".*_(?:ids?|token)")
# Keys of results that are dicts with keys chosen by a user or a product.
_WITH_CHOSEN_KEYS = frozenset(("outputs", "record_outputs", "record_tags", "tags", "parameters"))


def mask_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result, or a part of one, with the secrets in its foreign texts masked."""
    return _mask_members(result)


def mask_options(options: Mapping[str, Any], known: Mapping[str, bool]) -> dict[str, Any]:
    """Return a task's options for display; `known` maps all option names to whether their values are secrets."""
    return {name if name in known else mask(name): _mask_option(name, value, known) for name, value in options.items()}


def find_exposed(result: Mapping[str, Any], secrets: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names of secrets that occur in those texts of a result that are never masked here.

    Before ansible-core 2.22, there are none to report, because it does not mask them in its output either.
    """
    if not register_secrets:
        return []
    text = fold("\n".join(_never_masked(result)))
    return [
        name
        for name, values in secrets.items()
        if any(fold(variant) in text for value in values for variant in encoded_variants(value))
    ]


def _mask_members(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value if _is_never_masked(key, value) else _mask_value(value, has_chosen_keys=_has_chosen_keys(key, value))
        for key, value in members.items()
    }


def _has_chosen_keys(key: str, value: Any) -> bool:
    return key in _WITH_CHOSEN_KEYS and isinstance(value, Mapping)


def _mask_value(value: Any, *, has_chosen_keys: bool) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, (list, tuple)):
        return [_mask_value(each, has_chosen_keys=has_chosen_keys) for each in value]
    if not isinstance(value, Mapping):
        return value
    return _mask_chosen(value) if has_chosen_keys else _mask_members(value)


def _mask_chosen(members: Mapping[str, Any]) -> dict[str, Any]:
    """Mask the keys and values of a dict with chosen keys."""
    return {key: _mask_value(value, has_chosen_keys=True) for key, value in mask_keys(members, mask).items()}


def _mask_option(name: str, value: Any, known: Mapping[str, bool]) -> Any:
    if value is None:
        return value
    if known.get(name):
        return {mask(key): MASK for key in value} if isinstance(value, Mapping) else MASK
    if _ID_OPTION.fullmatch(name):
        return value
    if isinstance(value, list):
        return [
            mask_options(each, known) if isinstance(each, Mapping) else _mask_option("", each, {}) for each in value
        ]
    return _mask_value(value, has_chosen_keys=True)


def _is_never_masked(key: str, value: Any) -> bool:
    return bool(_NEVER_MASKED.fullmatch(str(key))) and not isinstance(value, Mapping)


def _never_masked(members: Mapping[str, Any]) -> Iterator[str]:
    for key, value in members.items():
        if _is_never_masked(key, value):
            yield from map(str, value if isinstance(value, list) else [value])
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and not _has_chosen_keys(key, value):
                yield from _never_masked(each)


def option_names(spec: Mapping[str, Any]) -> dict[str, bool]:
    """Return the names and aliases of all options and suboptions, and whether their values are secrets."""
    names = {"sensitive_parameters": True}
    for name, each in spec.items():
        names.update(dict.fromkeys([name, *(each.get("aliases") or ())], bool(each.get("no_log"))))
        names.update(option_names(each.get("options") or {}))
    return names
