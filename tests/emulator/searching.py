# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which provisioned products a search finds, and in which order."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from re import Pattern
from typing import Any, Callable

from .catalog import Catalog
from .exceptions import InvalidParameters
from .models import ProvisionedProduct
from .responses import provisioned_product_attribute

FIELDS = (
    "arn",
    "createdTime",
    "id",
    "idempotencyToken",
    "lastProvisioningRecordId",
    "lastRecordId",
    "lastSuccessfulProvisioningRecordId",
    "name",
    "physicalId",
    "productId",
    "productName",
    "provisioningArtifactId",
    "provisioningArtifactName",
    "status",
    "tags",
    "type",
    "userArn",
    "userArnSession",
)
# botocore documents the first four; createdTime is what public code sorts by.
SORT_FIELDS = ("arn", "id", "name", "lastRecordId", "createdTime")

# Fields of which one must match, and the pattern.
Condition = tuple[Sequence[str], Pattern[str]]


def access_test(
    catalog: Catalog, parameters: Mapping[str, Any], *, default: str
) -> Callable[[ProvisionedProduct], bool]:
    """Return a test for what the AccessLevelFilter lets through; without one, the operation's default level counts."""
    access = parameters.get("AccessLevelFilter") or {"Key": default, "Value": "self"}
    if access.get("Value") != "self" or "Key" not in access:
        raise InvalidParameters(f"AccessLevelFilter needs a Key and the Value self, not {access.get('Value')}")
    caller, here = catalog.world.user_arn, catalog.is_here
    if access["Key"] == "User":
        return lambda product: here(product) and product.user_arn == caller
    if access["Key"] == "Role":
        return lambda product: here(product) and _role(product.user_arn) == _role(caller)
    return here


def search(catalog: Catalog, parameters: Mapping[str, Any]) -> list[str]:
    """Return the ids of what a SearchProvisionedProducts finds; in no order, new on every call, without SortBy."""
    field = parameters.get("SortBy")
    if field is not None and field not in SORT_FIELDS:
        raise InvalidParameters(f"Invalid sort field: {field}. Valid values are {', '.join(SORT_FIELDS)}")
    if field is None and "SortOrder" in parameters:
        raise InvalidParameters("SortOrder needs SortBy")
    found = catalog.remember(search_key("products", parameters), lambda: _find(catalog, parameters))
    return found if field else catalog.random.sample(found, len(found))


def search_key(what: str, parameters: Mapping[str, Any]) -> str:
    """Return a text that is the same for all pages of a search."""
    return what + json.dumps({name: parameters[name] for name in sorted(parameters) if not name.startswith("Page")})


def _find(catalog: Catalog, parameters: Mapping[str, Any]) -> list[str]:
    terms = (parameters.get("Filters") or {}).get("SearchQuery") or []
    conditions = [_condition(term) for term in terms]
    allowed = access_test(catalog, parameters, default="Account")
    products = [product for product in catalog.products.values() if allowed(product)]
    if conditions:
        products = [product for product in products if _matches(catalog, product, conditions)]
    field = parameters.get("SortBy")
    if field:
        products.sort(key=lambda product: (_sort_value(catalog, product, field), product.id))
        if parameters.get("SortOrder") == "DESCENDING":
            products.reverse()
    return [product.id for product in products]


def _sort_value(catalog: Catalog, product: ProvisionedProduct, field: str) -> Any:
    plain = {"id": product.id, "name": product.name, "createdTime": product.created_time}
    if field in plain:
        return plain[field]
    return provisioned_product_attribute(product, catalog.world).get(field[0].upper() + field[1:], "")


def _condition(term: str) -> Condition:
    field, colon, value = term.partition(":")
    if not term.strip() or (colon and field not in FIELDS):
        raise InvalidParameters(f"Invalid search query: {term}. Searchable fields are {', '.join(FIELDS)}")
    return ([field], _pattern(value)) if colon else (FIELDS, _pattern(f"*{term}*"))


def _matches(catalog: Catalog, product: ProvisionedProduct, conditions: Sequence[Condition]) -> bool:
    attribute = provisioned_product_attribute(catalog.shown(product), catalog.world)
    return all(
        any(pattern.fullmatch(text) for field in fields for text in _texts(attribute, field))
        for fields, pattern in conditions
    )


def _texts(attribute: Mapping[str, Any], field: str) -> list[str]:
    value = attribute.get(field[0].upper() + field[1:])
    if value is None:
        return []
    if field == "tags":
        pairs = [(tag["Key"], tag["Value"]) for tag in value]
        return [text for key, tag in pairs for text in (key, tag, f"{key}={tag}", f"{key}:{tag}")]
    if field == "createdTime":
        return [datetime.datetime.fromtimestamp(value, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")]
    return [str(value)]


def _pattern(value: str) -> Pattern[str]:
    return re.compile(re.escape(value).replace(r"\*", ".*"), re.IGNORECASE)


def _role(arn: str) -> str:
    return arn.rsplit("/", 1)[0] if ":assumed-role/" in arn else arn
