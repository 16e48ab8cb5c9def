# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provisioned products as hosts: what to look for, what a cache keeps, which names and variables come of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ansible import template
from ansible.vars.reserved import is_reserved_name
from ansible_collections.selfservice.aws.plugins.module_utils import _api, _results
from ansible_collections.selfservice.aws.plugins.module_utils._errors import (
    SERVICE_ERRORS,
    GarbledAnswer,
    InvalidInput,
    SelfServiceError,
    explain,
    is_access_denied,
)

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

GROUP = "servicecatalog"
STATUSES = ("AVAILABLE", "UNDER_CHANGE", "TAINTED", "ERROR", "PLAN_IN_PROGRESS")
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


def _never_templated() -> Callable[[Any], Any]:
    """Return what keeps a value from being templated."""
    if hasattr(template, "trust_as_template"):
        # Since ansible-core 2.19 only what is marked as trusted is templated, and nothing here is.
        return lambda value: value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var


never_templated = _never_templated()


class Unreadable(SelfServiceError):
    """A region can't be read."""


class Source(NamedTuple):
    """What is asked for, of whom: what decides which products there are."""

    regions: tuple[str, ...]
    queries: tuple[str, ...]
    access_level: str


class Preference(NamedTuple):
    """What to name a host after: an attribute or `tag:Key`, and another one before it."""

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
            raise InvalidInput(f"hostnames has {given!r}; a dictionary takes a name, and a prefix and a separator.")
        preference = Preference(**{str(key): str(value) for key, value in members.items()})
        for word in filter(None, (preference.name, preference.prefix)):
            if _plain_word(word) not in ATTRIBUTES and not (word.startswith("tag:") and word != "tag:"):
                raise InvalidInput(f"hostnames has {word!r}; it takes tag:KEY, {', '.join(ATTRIBUTES)}.")
        found.append(preference)
    return [*found, Preference("name")]


def check_statuses(statuses: Iterable[str]) -> None:
    """Refuse a status that no product can have."""
    for status in statuses:
        if status not in STATUSES:
            raise InvalidInput(f"statuses has {status!r}; it takes {', '.join(STATUSES)}.")


def check_prefix(prefix: str) -> None:
    """Refuse a prefix that makes no names of variables."""
    if prefix and not re.fullmatch(r"[A-Za-z_]\w*", prefix, re.ASCII):
        raise InvalidInput(f"hostvars_prefix is {prefix!r}; it takes letters, digits and '_', the first no digit.")


def read_regions(connect: Callable[[str], BaseClient], source: Source) -> dict[str, dict[str, Any]]:
    """Return what each region has: its `products`, or None and as `denied` why the caller may not see them.

    All of it is plain, and no key in it was chosen by anyone but the service, so that no cache takes it for more.
    """
    return {region: _read(connect, region, source) for region in source.regions}


def _read(connect: Callable[[str], BaseClient], region: str, source: Source) -> dict[str, Any]:
    try:
        client = connect(region)
        _api.watch(client)
        found = _api.search_provisioned_products(client, source.queries, access_level=source.access_level.capitalize())
        return {"products": [_kept(attribute) for attribute in found], "denied": None}
    except SERVICE_ERRORS as error:
        if is_access_denied(error):
            return {"products": None, "denied": explain(error)}
        query = f" (search_query: {list(source.queries)})" if source.queries else ""
        raise Unreadable(f"The provisioned products in {region} could not be read{query}: {explain(error)}.") from error


def _kept(attribute: Mapping[str, Any]) -> dict[str, Any]:
    product = _results.provisioned_product(attribute)
    if not product.get("id"):
        raise GarbledAnswer("SearchProvisionedProducts was answered with a product without an id.")
    product["tags"] = [list(tag) for tag in product["tags"].items()]
    return product


def denied_regions(regions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the regions that the caller may not see, and why."""
    return {region: found["denied"] for region, found in regions.items() if found["denied"]}


def products_of(regions: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the products of all regions, each once, with its region and its tags as a dict."""
    found: dict[str, dict[str, Any]] = {}
    for region, listed in regions.items():
        for product in listed["products"] or ():
            found.setdefault(product["id"], {**product, "tags": dict(product["tags"]), "region": region})
    return list(found.values())


def host_names(products: Sequence[Product], preferences: Sequence[Preference], taken: Collection[str]) -> list[str]:
    """Return a name for each product: the first preference that it has, or its id where that name is not its alone.

    `taken` are the names that stand for something else. What is no letter, digit, '_', '.' or '-' becomes '_'.
    """
    wanted = [_wanted(product, preferences) for product in products]
    count = Counter(wanted)
    ids = {product["id"] for product in products}
    return [
        product["id"] if not name or count[name] > 1 or name in taken or name in ids else name
        for product, name in zip(products, wanted)
    ]


def _wanted(product: Product, preferences: Iterable[Preference]) -> str:
    for preference in preferences:
        name = _value(product, preference.name)
        prefix = _value(product, preference.prefix)
        if name:
            # No braces, nor what means more in a pattern or in the name of a file.
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


@cache
def _variable(name: str, prefix: str) -> str:
    # Of Ansible's reserved names `tags` stays, as in amazon.aws.
    is_reserved = is_reserved_name(name) and name != "tags"
    name = _RENAMED.get(name, f"provisioned_product_{name}" if is_reserved else name)
    return name if name in _ALWAYS else prefix + name


def cache_key(identity: Sequence[str | None], endpoints: Sequence[str | None], source: Source) -> str:
    """Return a text that differs wherever two listings may: by account and role, endpoint, regions and query."""
    asked = [identity, endpoints, sorted(source.regions), list(source.queries), source.access_level]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def identity_of(session: Session, environment: Mapping[str, str], access_level: str) -> list[str]:
    """Return what tells the account and role of a session, without a call: as they are configured, or an access key.

    Temporary keys change while the role does not. Where the user counts, only the key tells one from another.
    """
    configured = next(_configured(session.get_scoped_config(), environment), None)
    if configured and access_level != "user":
        return configured
    credentials = session.get_credentials()
    if credentials is None:
        raise InvalidInput(
            "There are no credentials: give access_key and secret_key, a profile, or AWS' own variables."
        )
    return ["access_key", str(credentials.access_key)]


def _configured(profile: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[list[str]]:
    if profile.get("role_arn"):
        yield ["role", profile["role_arn"]]
    if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environment.get("AWS_ROLE_ARN"):
        yield ["role", environment["AWS_ROLE_ARN"]]
    if profile.get("sso_account_id") and profile.get("sso_role_name"):
        yield ["sso", profile["sso_account_id"], profile["sso_role_name"]]
