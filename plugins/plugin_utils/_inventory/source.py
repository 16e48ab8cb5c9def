# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The query of an inventory source, its execution in each region, and its cache key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput, SelfServiceError
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog import errors, results
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.history import oldest_first
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.levels import (
    LEVELS,
    SEARCH,
    AccessLevels,
    describe_narrow_level,
)
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.products import STATUSES
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.tags import with_tags

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

# Options of other inventory plugins, and our equivalents, where the names are too different for get_close_matches.
_FOREIGN_OPTIONS = {
    "filter": "tags or search_query",
    "filters": "tags or search_query",
    "include_filters": "tags or search_query",
    "query": "search_query",
}


class Unreadable(SelfServiceError):
    """Raised if the products in a region can't be read."""


class Source(NamedTuple):
    """The options that decide which products are found. Only the account is not part of it."""

    regions: tuple[str, ...]
    queries: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    access_level: str | None


def check_options(given: Iterable[str], known: Mapping[str, Iterable[str]]) -> None:
    """Reject an option that is neither a known name nor an alias, and suggest a similar one."""
    names = [*known, *chain.from_iterable(known.values())]
    for option in given:
        if option not in names:
            similar = get_close_matches(option.lower(), names, 1)
            meant = _FOREIGN_OPTIONS.get(option) or (similar[0] if similar else None)
            hint = f" Did you mean {meant}?" if meant else ""
            raise InvalidInput(f"Unknown option {option!r}.{hint} The options are: {', '.join(sorted(known))}.")


def check_statuses(statuses: Iterable[str]) -> None:
    """Reject a status that the service does not define."""
    for status in statuses:
        if status not in STATUSES:
            raise InvalidInput(f"statuses has {status!r}; it must be {', '.join(STATUSES[:-1])} or {STATUSES[-1]}.")


def read_regions(connect: Callable[[str], BaseClient], source: Source) -> dict[str, dict[str, Any]]:
    """Return the `products` of each region, and the access `level` at which they were listed.

    If the caller is denied access to a region, both are None, and `denied` has the reason.

    The result has only plain JSON types, and tags are lists of pairs, so that cache plugins don't interpret their keys.
    """
    return {region: _read(connect, region, source) for region in source.regions}


def _read(connect: Callable[[str], BaseClient], region: str, source: Source) -> dict[str, Any]:
    # A separate object for each region, because the level that the caller is allowed may differ.
    levels = AccessLevels(source.access_level)
    try:
        service = ServiceCatalog(connect(region), levels=levels)
        found = service.search_provisioned_products(source.queries)
        wanted = oldest_first(with_tags(found, dict(source.tags)))
        products = [_to_cache(attribute) for attribute in wanted]
        return {"products": products, "level": levels.found[SEARCH], "denied": None}
    except errors.SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
        if errors.is_access_denied(error):
            return {"products": None, "level": None, "denied": errors.describe_error(error)}
        query = f" (search_query: {list(source.queries)})" if source.queries else ""
        raise Unreadable(
            f"The provisioned products in {region} could not be read{query}: {errors.describe_error(error)}."
        ) from error


def _to_cache(attribute: Mapping[str, Any]) -> dict[str, Any]:
    product = results.provisioned_product(attribute)
    if not product.get("id"):
        raise errors.MalformedResponse("SearchProvisionedProducts was answered with a product without an id.")
    product["tags"] = [list(tag) for tag in product["tags"].items()]
    return product


def is_listing(found: Any, source: Source) -> bool:
    """Return whether a cached value has the shape that read_regions() returns for a source."""
    return isinstance(found, dict) and set(found) == set(source.regions) and all(map(_is_region, found.values()))


def _is_region(found: Any) -> bool:
    if not (isinstance(found, dict) and set(found) == {"products", "level", "denied"}):
        return False
    if found["products"] is None:
        return isinstance(found["denied"], str)
    has_products = isinstance(found["products"], list) and all(map(_is_product, found["products"]))
    return has_products and found["level"] in (None, *LEVELS)


def _is_product(found: Any) -> bool:
    try:
        return isinstance(found["id"], str) and isinstance(dict(found["tags"]), dict)
    except (LookupError, TypeError, ValueError):
        return False


def denied_regions(regions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the regions to which the caller is denied access, with the reasons."""
    return {region: found["denied"] for region, found in regions.items() if found["denied"]}


def narrow_levels(regions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a warning for each access level below account at which regions were listed."""
    found = {level: [region for region, each in regions.items() if each["level"] == level] for level in LEVELS[1:]}
    return [
        describe_narrow_level(SEARCH, level, where=f" in {', '.join(listed)}")
        for level, listed in found.items()
        if listed
    ]


def products_of(regions: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the products of all regions without duplicates, each with its region and its tags as a dict."""
    found: dict[str, dict[str, Any]] = {}
    for region, listed in regions.items():
        for product in listed["products"] or ():
            found.setdefault(product["id"], {**product, "tags": dict(product["tags"]), "region": region})
    return list(found.values())


def cache_key(identity: Sequence[str | None], endpoints: Sequence[str | None], source: Source) -> str:
    """Return a key that identifies a listing by account, role, endpoints, regions, query, tags and access level."""
    asked = [identity, endpoints, sorted(source.regions), list(source.queries), source.tags, source.access_level]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def identity_of(session: Session, environment: Mapping[str, str], access_level: str | None) -> list[str]:
    """Return what identifies the account and role of a session without an API call: its role, or its access key.

    The role is preferred, because its temporary keys change. At the access level user, which can also result if no
    level is given, the role is not enough, and the access key is used.
    """
    configured = next(_configured(session.get_scoped_config(), environment), None)
    if configured and access_level in ("account", "role"):
        return configured
    credentials = session.get_credentials()
    if credentials is None:
        raise InvalidInput(
            "No credentials were found: set access_key and secret_key, a profile, or the AWS environment variables."
        )
    return ["access_key", str(credentials.access_key)]


def _configured(profile: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[list[str]]:
    if profile.get("role_arn"):
        yield ["role", profile["role_arn"]]
    if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environment.get("AWS_ROLE_ARN"):
        yield ["role", environment["AWS_ROLE_ARN"]]
    if profile.get("sso_account_id") and profile.get("sso_role_name"):
        yield ["sso", profile["sso_account_id"], profile["sso_role_name"]]
