# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names and variables of inventory hosts, from provisioned products."""

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
# The attributes that hostnames accepts, besides tags.
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
# The role run_service_action reads these variables, so they also exist without the prefix.
_ALWAYS = ("provisioned_product_id", "region")

Product = Mapping[str, Any]


class Preference(NamedTuple):
    """An element of the option `hostnames`; `name` and `prefix` are each an attribute or `tag:Key`."""

    name: str
    prefix: str = ""
    separator: str = "_"


def preferences_of(hostnames: Iterable[Any]) -> list[Preference]:
    """Parse the option `hostnames`, and append the product's name as the last preference."""
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
    """Reject a prefix that can't start a variable name."""
    if prefix and not re.fullmatch(r"[A-Za-z_]\w*", prefix, re.ASCII):
        raise InvalidInput(
            f"hostvars_prefix must have only letters, digits and '_', and must not start with a digit, not {prefix!r}."
        )


def host_names(products: Sequence[Product], preferences: Sequence[Preference], taken: Collection[str]) -> list[str]:
    """Return a host name for each product: its first non-empty preference, or its id if that name is not unique.

    `taken` are names that are already in use. Characters other than letters, digits, '_', '.' and '-' become '_'.
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
            # The name must not contain a template, a host pattern or a path.
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
    """Return a product as host variables that Ansible does not template."""
    return {_variable(name, prefix): never_templated(value) for name, value in product.items()}


def expression_variables(product: Product, prefix: str) -> dict[str, Any]:
    """Return the variables for `compose`, `groups` and `keyed_groups`.

    They are the host variables, both with and without the prefix, and `tags`.
    """
    own = {"tags": never_templated(product["tags"])}
    return {**host_variables(product, ""), **host_variables(product, prefix), **own}


@cache
def _variable(name: str, prefix: str) -> str:
    name = _RENAMED.get(name, f"provisioned_product_{name}" if is_reserved_name(name) else name)
    return name if name in _ALWAYS else prefix + name
