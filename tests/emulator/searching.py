# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search, access filtering and sorting of provisioned products."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from re import Pattern
from typing import Any, Callable

from .catalog import Catalog
from .exceptions import InvalidParameters, ValidationFailed
from .models import ProvisionedProduct
from .policies import LEVELS
from .responses import provisioned_product_attribute

SEARCH_FIELDS = (
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
# The values that botocore documents.
SORT_FIELDS = ("arn", "id", "name", "lastRecordId")

# The access level of a listing without AccessLevelFilter.
DEFAULT_LEVELS = {
    "SearchProvisionedProducts": "Account",
    "ScanProvisionedProducts": "User",
    "ListRecordHistory": "User",
}

# The fields to search, and the pattern that at least one of them must match.
Condition = tuple[Sequence[str], Pattern[str]]


def access_filter(
    catalog: Catalog, operation: str, parameters: Mapping[str, Any]
) -> Callable[[ProvisionedProduct], bool]:
    """Return a predicate for the AccessLevelFilter, which defaults to the default level of the operation."""
    access = parameters.get("AccessLevelFilter") or {"Key": DEFAULT_LEVELS[operation], "Value": "self"}
    if access.get("Value") != "self" or "Key" not in access:
        raise InvalidParameters(f"AccessLevelFilter needs a Key and the Value self, not {access.get('Value')}")
    level, in_region = access["Key"], catalog.is_in_region
    return lambda product: in_region(product) and LEVELS.index(level) <= LEVELS.index(level_of(catalog, product))


def level_of(catalog: Catalog, product: ProvisionedProduct) -> str:
    """Return the narrowest level at which the caller has a product."""
    owner, caller = product.user_arn, catalog.user_arn
    if role_arn(owner) != role_arn(caller):
        return "Account"
    return "User" if owner == caller or catalog.switches.sessions_share_user_level else "Role"


def search(catalog: Catalog, parameters: Mapping[str, Any]) -> list[str]:
    """Return the ids of the products that match a search. Without SortBy, the order is random in each call."""
    field = parameters.get("SortBy")
    if field is not None and field not in SORT_FIELDS:
        raise ValidationFailed(f"Invalid sort field: {field}. Valid values are {', '.join(SORT_FIELDS)}")
    if field is None and "SortOrder" in parameters:
        raise ValidationFailed("SortOrder needs SortBy")
    ids = catalog.cached_search(cache_key("products", parameters), lambda: _find_ids(catalog, parameters))
    return ids if field else catalog.random.sample(ids, len(ids))


def cache_key(kind: str, parameters: Mapping[str, Any]) -> str:
    """Return a key that is the same for all pages of a search."""
    return kind + json.dumps({name: parameters[name] for name in sorted(parameters) if not name.startswith("Page")})


def _find_ids(catalog: Catalog, parameters: Mapping[str, Any]) -> list[str]:
    conditions = _parse_query(parameters)
    allowed = access_filter(catalog, "SearchProvisionedProducts", parameters)
    products = [product for product in catalog.provisioned_products.values() if allowed(product)]
    if conditions:
        products = [product for product in products if _matches(catalog, product, conditions)]
    if "SortBy" in parameters:
        _sort(catalog, products, parameters)
    return [product.id for product in products]


def _sort(catalog: Catalog, products: list[ProvisionedProduct], parameters: Mapping[str, Any]) -> None:
    field = parameters["SortBy"]
    products.sort(key=lambda product: (_sort_value(catalog, product, field), product.id))
    if parameters.get("SortOrder") == "DESCENDING":
        products.reverse()


def _sort_value(catalog: Catalog, product: ProvisionedProduct, field: str) -> Any:
    return provisioned_product_attribute(product, catalog.world).get(field[0].upper() + field[1:], "")


def _parse_query(parameters: Mapping[str, Any]) -> list[Condition]:
    terms = (parameters.get("Filters") or {}).get("SearchQuery") or []
    return [_parse_term(term) for term in terms]


def _parse_term(term: str) -> Condition:
    field, colon, value = term.partition(":")
    if not term.strip() or (colon and field not in SEARCH_FIELDS):
        raise InvalidParameters(f"Invalid search query: {term}. Searchable fields are {', '.join(SEARCH_FIELDS)}")
    return ([field], _wildcard_pattern(value)) if colon else (SEARCH_FIELDS, _wildcard_pattern(f"*{term}*"))


def _matches(catalog: Catalog, product: ProvisionedProduct, conditions: Sequence[Condition]) -> bool:
    attribute = provisioned_product_attribute(catalog.with_current_status(product), catalog.world)
    combine = {"all": all, "any": any}[catalog.switches.search_terms]
    return combine(
        any(pattern.fullmatch(text) for field in fields for text in _searchable_texts(attribute, field))
        for fields, pattern in conditions
    )


def _searchable_texts(attribute: Mapping[str, Any], field: str) -> list[str]:
    value = attribute.get(field[0].upper() + field[1:])
    if value is None:
        return []
    if field == "tags":
        pairs = [(tag["Key"], tag["Value"]) for tag in value]
        return [text for key, tag in pairs for text in (key, tag, f"{key}={tag}", f"{key}:{tag}")]
    if field == "createdTime":
        return [datetime.datetime.fromtimestamp(value, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")]
    return [str(value)]


def _wildcard_pattern(value: str) -> Pattern[str]:
    return re.compile(re.escape(value).replace(r"\*", ".*"), re.IGNORECASE)


def role_arn(arn: str) -> str:
    """Return the common prefix of the ARNs of a role's sessions, or the ARN itself if it is not a session's."""
    return arn.rsplit("/", 1)[0] if ":assumed-role/" in arn else arn
