# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: servicecatalog_provisioned_products
version_added: 1.0.0
short_description: AWS Service Catalog provisioned products as hosts
description:
  - Each provisioned product becomes a host, so that plays, V(--limit), C(serial) and AWX job slices can divide many
    products. The role P(selfservice.aws.run_service_action#role) runs an action on the hosts of a play.
  - The source is a YAML file whose name ends in V(servicecatalog.yml) or V(servicecatalog.yaml). Unknown options are
    errors.
  - The plugin reads all pages of the API call C(SearchProvisionedProducts) in each region.
  - A host is named after its product, or according to O(hostnames), and is in the group C(servicecatalog).
  - The variables of a host are the attributes that its product has, in snake_case, and C(region). The attributes id,
    name, type and tags are C(provisioned_product_id), C(provisioned_product_name), C(provisioned_product_type) and
    C(provisioned_product_tags), a dictionary whose keys keep their case.
  - O(compose), O(groups) and O(keyed_groups) can also use the tags as C(tags). Hosts have no variable of that name,
    because Ansible reserves it.
author:
  - selfservice.aws contributors (@selfservice-aws)
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [selfservice.aws.servicecatalog_provisioned_products]
  regions:
    description:
      - The regions to search. If empty, the region of the connection is used, from O(region), the environment or the
        profile.
    type: list
    elements: str
    default: []
  search_query:
    description:
      - The search terms, in the syntax of the service's C(SearchQuery), such as V(productName:database) or a single
        word.
      - The fields are those of P(selfservice.aws.servicecatalog_provisioned_product_info#module).
      - AWS does not document how the service combines several terms.
    type: list
    elements: str
    default: []
  tags:
    description:
      - Include only provisioned products that have all these tags, with exactly these keys and values. Keys and values
        are case-sensitive. If empty, all products are included.
      - A value is a string or an integer.
      - The service's search can't match tags exactly, so the plugin compares the tags of the products that
        O(search_query) finds.
    type: dict
    default: {}
  statuses:
    description:
      - Include only provisioned products with one of these statuses, of V(AVAILABLE), V(UNDER_CHANGE), V(TAINTED),
        V(ERROR) and V(PLAN_IN_PROGRESS). If empty, all products are included.
      - This option does not affect what is read and cached, or the names of hosts.
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - The attributes or tags to name a host after, in order of preference. The first one that a product has is used,
        and the name of the product if it has none.
      - V(tag:Key) is the value of a tag. The attributes are V(arn), V(created_time), V(id), V(idempotency_token),
        V(last_provisioning_record_id), V(last_record_id), V(last_successful_provisioning_record_id), V(name),
        V(physical_id), V(product_id), V(product_name), V(provisioning_artifact_id), V(provisioning_artifact_name),
        V(region), V(status), V(type), V(user_arn) and V(user_arn_session).
      - An element can be a dictionary with C(name), with C(prefix), which is another attribute or tag, and with
        C(separator), by default V(_). The name of the host is then made of prefix, separator and name, or of the name
        only if the product does not have the prefix.
      - Letters, digits, V(_), V(.) and V(-) are kept. Any sequence of other characters becomes one V(_), and no name
        starts with V(.) or V(-). A name can therefore not contain a template, a pattern or a path.
      - If several products would have the same name, in any of the regions, each of them is named by its id instead.
        The same applies to a name that is also the name of a group, of a product of another source, or of
        V(localhost). Names are case-sensitive.
    type: list
    elements: raw
    default: []
  hostvars_prefix:
    description:
      - A prefix for the names of the variables, except those of O(compose).
      - The variables C(provisioned_product_id) and C(region) also exist without the prefix, because the role
        P(selfservice.aws.run_service_action#role) reads them.
      - Expressions can use the names with or without the prefix.
    type: str
    default: ''
  strict_permissions:
    description:
      - Whether the inventory fails if the caller is not allowed to search a region. If V(false), such a region is
        skipped with a warning.
    type: bool
    default: true
extends_documentation_fragment:
  - selfservice.aws.listing
  - inventory_cache
  - constructed
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
notes:
  - Values that come from AWS are never templated, no matter whether they come from the service or from the cache.
  - With O(cache), further runs make no API calls until O(cache_timeout) has passed or V(--flush-cache) is given. The
    cache holds the products and the denied regions, and no credentials.
  - There is a separate cache entry for each combination of account and role, endpoint, regions, O(search_query),
    O(tags) and O(access_level). The name of the source is not part of it.
  - Account and role are identified by O(assume_role_arn), by a given access key, by the role or the account of the
    profile, or by the access key that botocore finds, in this order. Temporary access keys that change at every run
    therefore find no cache.
  - Without O(access_level), and with O(access_level=user), the access key identifies the caller, unless
    O(assume_role_arn) is given. A profile with a role, or an SSO login, therefore uses the cache only with
    O(access_level=account) or O(access_level=role). The cache also keeps the access level that was found, and the
    warning about it is repeated.
  - Requires the permission C(servicecatalog:SearchProvisionedProducts).
  - Tested against an emulator of the service only, never against AWS.
seealso:
  - module: selfservice.aws.servicecatalog_provisioned_product_info
"""

# "fmt: code", since the yamllint of ansible-core 2.16 rejects YAML of several documents.
EXAMPLES = r"""# fmt: code
# All provisioned products that the caller can see, in the region of the connection.
plugin: selfservice.aws.servicecatalog_provisioned_products

---
# The databases that an action can run on, in two regions. A region that is denied is skipped.
plugin: selfservice.aws.servicecatalog_provisioned_products
regions:
  - us-east-1
  - eu-central-1
search_query:
  - productName:Database
statuses:
  - AVAILABLE
  - TAINTED
strict_permissions: false

---
# The production databases of a team, by their tags.
plugin: selfservice.aws.servicecatalog_provisioned_products
search_query:
  - productName:Database
tags:
  env: prod

---
# Groups by tags and attributes, and an additional variable.
plugin: selfservice.aws.servicecatalog_provisioned_products
keyed_groups:
  # env_prod, env_test
  - key: tags.env
    prefix: env
  # region_us_east_1
  - key: region
    prefix: region
groups:
  databases: product_name == 'Database'
compose:
  owner: tags.team | default('nobody')

---
# Hosts named after region and tag, such as us-east-1-orders, or after the product if it has no such tag.
plugin: selfservice.aws.servicecatalog_provisioned_products
hostnames:
  - name: tag:team
    prefix: region
    separator: '-'
hostvars_prefix: sc_

---
# Cached in files for ten minutes.
plugin: selfservice.aws.servicecatalog_provisioned_products
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/servicecatalog
cache_timeout: 600
"""

import os
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput, SelfServiceError
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.errors import (
    SERVICE_ERRORS,
    describe_error,
    error_sentence,
)
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.tags import check_tags
from ansible_collections.selfservice.aws.plugins.plugin_utils._inventory import hosts, source


class InventoryModule(AWSInventoryBase):
    """Add provisioned products to the inventory as hosts."""

    NAME = "selfservice.aws.servicecatalog_provisioned_products"
    INVENTORY_FILE_SUFFIXES = ("servicecatalog.yml", "servicecatalog.yaml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the provisioned products that match the source."""
        super().parse(inventory, loader, path, cache=cache)
        try:
            source.check_options(self._given, self._known_options())
            preferences = self._checked_preferences()
            regions = self._read(path, cache)
            self._add(source.products_of(regions), preferences)
        except (SelfServiceError, *SERVICE_ERRORS) as error:
            failure = f"{path}: {error_sentence(error)}"
        else:
            return
        # Raised outside the except block, so that Ansible does not show the original error as well.
        raise AnsibleParserError(failure)

    def get_cache_key(self, path: str) -> str:  # noqa: ARG002 (the path does not matter)
        """Return a key that identifies the query and the account."""
        names = ("AWS_ENDPOINT_URL_SERVICE_CATALOG", "AWS_ENDPOINT_URL")
        endpoints = [self.get_option("endpoint_url"), *map(os.environ.get, names)]
        return f"{self.NAME}_{source.cache_key(self._identity(), endpoints, self._source())}"

    def _set_frozen_credentials(self) -> None:
        """Do nothing. amazon.aws assumes the role here, but a cached result doesn't need it; see _assume_role()."""

    def _read_config_data(self, path: str) -> Any:
        """Read the source, and keep the names of its options, because Ansible ignores unknown ones."""
        config = super()._read_config_data(path)
        self._given = [str(option) for option in config]
        return config

    def _known_options(self) -> dict[str, list[str]]:
        """Return the options of this plugin and of its fragments, each with its aliases."""
        known = constants.config.get_configuration_definitions("inventory", self._load_name)
        return {option: list(spec.get("aliases") or ()) for option, spec in known.items()}

    def _do_fail(self, message: str) -> Any:
        raise SelfServiceError(message if message.endswith(".") else f"{message}.")

    def _checked_preferences(self) -> list[hosts.Preference]:
        source.check_statuses(self.get_option("statuses"))
        hosts.check_prefix(self.get_option("hostvars_prefix"))
        return hosts.preferences_of(self.get_option("hostnames"))

    def _source(self) -> source.Source:
        regions = [region for region in self.get_option("regions") or [self.region] if region]
        if not regions:
            raise InvalidInput(
                "No region is configured: set regions, region or AWS_REGION, or use a profile that has a region."
            )
        queries, tags = tuple(self.get_option("search_query")), check_tags(self.get_option("tags")) or {}
        level = self.get_option("access_level")
        return source.Source(tuple(dict.fromkeys(regions)), queries, tuple(sorted(tags.items())), level)

    def _identity(self) -> list[str]:
        if self.get_option("assume_role_arn"):
            return ["role", self.get_option("assume_role_arn")]
        if self.get_option("access_key"):
            return ["access_key", self.get_option("access_key")]
        # Imported here, because amazon.aws has reported a missing botocore by now.
        from botocore.session import Session

        session = Session(profile=self.get_option("profile"))
        return source.identity_of(session, os.environ, self.get_option("access_level"))

    def _read(self, path: str, cache: bool) -> dict[str, dict[str, Any]]:
        asked = self._source()
        regions = self._read_cache(path, cache, asked)
        if not (is_cached := regions is not None):
            self._assume_role()
            regions = source.read_regions(lambda region: self.client("servicecatalog", region=region), asked)
        # A cache plugin may sort the regions, and another source with the same regions shares the cached value.
        regions = {region: regions[region] for region in asked.regions}
        for region, why in source.denied_regions(regions).items():
            text = f"The provisioned products in {region} may not be read: {why}."
            if self.get_option("strict_permissions"):
                raise SelfServiceError(f"{text} With strict_permissions: false, the other regions are listed.")
            self.warn(f"{path}: {text} This region is skipped.")
        for text in [] if self.get_option("access_level") else source.narrow_levels(regions):
            self.warn(f"{path}: {text}")
        if not is_cached:
            # False makes amazon.aws write the cache even if it has an entry, which was unusable.
            self.update_cached_result(path, False, regions)
        return regions

    def _read_cache(self, path: str, cache: bool, asked: source.Source) -> dict[str, dict[str, Any]] | None:
        """Return the cached regions, or None if there are none, or if the entry is damaged or not ours."""
        try:
            is_cached, regions = self.get_cached_result(path, cache)
        # Ansible itself raises some of these for a cache file that it did not write.
        except (AnsibleError, LookupError, TypeError, ValueError) as error:
            self.display.vv(f"{path}: the cache can't be read: {error}")
            return None
        return regions if is_cached and source.is_listing(regions, asked) else None

    def _assume_role(self) -> None:
        try:
            super()._set_frozen_credentials()
        except SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
            # amazon.aws 9 does not handle this error.
            role = self.get_option("assume_role_arn")
            raise SelfServiceError(f"Unable to assume role {role}: {describe_error(error)}.") from error

    def _add(self, products: list[dict[str, Any]], preferences: list[hosts.Preference]) -> None:
        self.inventory.add_group(hosts.GROUP)
        statuses, prefix = self.get_option("statuses"), self.get_option("hostvars_prefix")
        added: dict[str, dict[str, Any]] = {}
        for name, product in zip(self._names(products, preferences), products):
            if statuses and product.get("status") not in statuses:
                continue
            self.inventory.add_host(name, group=hosts.GROUP)
            for variable, value in hosts.host_variables(product, prefix).items():
                self.inventory.set_variable(name, variable, value)
            added[name] = hosts.expression_variables(product, prefix)
        self._construct(added)

    def _names(self, products: list[dict[str, Any]], preferences: list[hosts.Preference]) -> list[str]:
        known = {
            host.vars["provisioned_product_id"]: name
            for name, host in self.inventory.hosts.items()
            if "provisioned_product_id" in host.vars
        }
        groups = map(self._sanitize_group_name, self.get_option("groups"))
        taken = {*self.inventory.groups, *groups, *constants.LOCALHOST, *known.values()}
        names = hosts.host_names(products, preferences, taken)
        # A product that another source has added keeps the name of that host.
        return [known.get(product["id"], name) for product, name in zip(products, names)]

    def _construct(self, added: dict[str, dict[str, Any]]) -> None:
        """Add all composed variables, then all groups, then all keyed groups.

        Ansible looks up a name among the groups first. Only a keyed group can have the name of a host.
        """
        strict = self.get_option("strict")
        compose, groups, keyed = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        if compose:
            for name, variables in added.items():
                self._set_composite_vars(compose, variables, name, strict=strict)
                added[name] = {**variables, **self.inventory.get_host(name).vars}
        for name, variables in added.items():
            self._add_host_to_composed_groups(groups, variables, name, strict=strict, fetch_hostvars=False)
        for name, variables in added.items():
            self._add_host_to_keyed_groups(keyed, variables, name, strict=strict, fetch_hostvars=False)
