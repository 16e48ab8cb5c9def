# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and variables of the hosts that provisioned products become."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ansible.vars.reserved import is_reserved_name
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput
from ansible_collections.selfservice.aws.plugins.plugin_utils._templating import never_templated

GROUP = "servicecatalog"
# What a host may be named after, besides its tags.
ATTRIBUTES = (
    "arn",
    "created_time",
    "id",
    "idempotency_token",
    "last_provisioning_record_id",
    "last_record_id",
    "last_successful_provisioning_record_id",
    "name",
    "physical_id",
    "product_id",
    "product_name",
    "provisioning_artifact_id",
    "provisioning_artifact_name",
    "region",
    "status",
    "type",
    "user_arn",
    "user_arn_session",
)
_RENAMED = {name: f"provisioned_product_{name}" for name in ("id", "name", "type")}
# The role run_service_action reads them, so they never have a prefix.
_ALWAYS = ("provisioned_product_id", "region")

Product = Mapping[str, Any]


class Preference(NamedTuple):
    """What to name a host after: an attribute or `tag:Key`, and another one as a prefix."""

    name: str
    prefix: str = ""
    separator: str = "_"


def preferences_of(hostnames: Iterable[Any]) -> list[Preference]:
    """Return the option `hostnames` as preferences, after which the name of the product comes last."""
    found = []
    for given in hostnames:
        members = given if isinstance(given, Mapping) else {"name": given}
        unknown = set(members) - set(Preference._fields)
        if unknown or not members.get("name"):
            raise InvalidInput(
                f"hostnames has {given!r}; a dictionary must have name, and can have prefix and separator."
            )
        preference = Preference(**{str(key): str(value) for key, value in members.items()})
        for word in filter(None, (preference.name, preference.prefix)):
            if _plain_word(word) not in ATTRIBUTES and not (word.startswith("tag:") and word != "tag:"):
                raise InvalidInput(
                    f"hostnames has {word!r}; it must be tag:KEY, {', '.join(ATTRIBUTES[:-1])} or {ATTRIBUTES[-1]}."
                )
        found.append(preference)
    return [*found, Preference("name")]


def check_prefix(prefix: str) -> None:
    """Reject a prefix with which no variable can be named."""
    if prefix and not re.fullmatch(r"[A-Za-z_]\w*", prefix, re.ASCII):
        raise InvalidInput(
            f"hostvars_prefix must have only letters, digits and '_', and must not start with a digit, not {prefix!r}."
        )


def host_names(products: Sequence[Product], preferences: Sequence[Preference], taken: Collection[str]) -> list[str]:
    """Return a name for each product: the first preference that it has, or its id if others have that name, too.

    `taken` are the names of something else. Characters other than letters, digits, '_', '.' and '-' become '_'.
    """
    wanted = [_preferred_name(product, preferences) for product in products]
    count = Counter(wanted)
    ids = {product["id"] for product in products}
    return [
        product["id"] if not name or count[name] > 1 or name in taken or name in ids else name
        for product, name in zip(products, wanted)
    ]


def _preferred_name(product: Product, preferences: Iterable[Preference]) -> str:
    for preference in preferences:
        name = _value(product, preference.name)
        prefix = _value(product, preference.prefix)
        if name:
            # No braces, and nothing with a meaning in host patterns or file names.
            text = re.sub(r"[^\w.-]+", "_", f"{prefix}{preference.separator}{name}" if prefix else name)
            if re.search(r"[^\W_]", text):
                return text.lstrip(".-")
    return ""


def _value(product: Product, word: str) -> str:
    value = product["tags"].get(word[4:]) if word.startswith("tag:") else product.get(_plain_word(word))
    return str(value or "")


def _plain_word(word: str) -> str:
    return word.removeprefix("provisioned_product_") if word in _RENAMED.values() else word


def host_variables(product: Product, prefix: str) -> dict[str, Any]:
    """Return a product as variables that are never templated."""
    return {_variable(name, prefix): never_templated(value) for name, value in product.items()}


def expression_variables(product: Product, prefix: str) -> dict[str, Any]:
    """Return what expressions may use: the variables with the prefix and without it, and the tags by their own name."""
    own = {"tags": never_templated(product["tags"])}
    return {**host_variables(product, ""), **host_variables(product, prefix), **own}


@cache
def _variable(name: str, prefix: str) -> str:
    name = _RENAMED.get(name, f"provisioned_product_{name}" if is_reserved_name(name) else name)
    return name if name in _ALWAYS else prefix + name
