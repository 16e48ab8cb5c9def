# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter provisioned products by tags, which the service's own search can't match exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._exceptions import InvalidInput
from .._secrets.masker import mask

Tags = dict[str, str]


def check_tags(given: Mapping[Any, Any] | None) -> Tags | None:
    """Return the option `tags` with string values; reject values that no tag has or that have several spellings."""
    return None if given is None else {_key(key): _text(key, value) for key, value in given.items()}


def with_tags(products: Iterable[dict[str, Any]], wanted: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
    """Yield the ProvisionedProductAttributes that have all wanted tags; keys and values are case-sensitive."""
    for product in products:
        found = {tag.get("Key"): tag.get("Value") for tag in filter(None, product.get("Tags") or ())}
        if all(found.get(key) == value for key, value in (wanted or {}).items()):
            yield product


def _key(key: Any) -> str:
    if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
        return str(key)
    raise InvalidInput(f"A key in tags was read as {mask(key)}, which is not a string; quote it.")


def _text(key: Any, value: Any) -> str:
    name = repr(mask(key))
    if value is None or value == "":
        raise InvalidInput(f"The tag {name} in tags has no value; tags always have a value.")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (bool, float)):
        raise InvalidInput(f"The value of the tag {name} in tags is {value}, which is not a string; quote it.")
    raise InvalidInput(f"The value of the tag {name} in tags is a list or a dictionary; it must be one string.")
