# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's state: provisioned products, records, and the execute tokens that created them."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .clock import Clock
from .exceptions import InvalidParameters, ResourceNotFound
from .models import Caller, Output, ProvisionedProduct, Run, RunError, ServiceAction, World
from .pagination import Paginator
from .records import STATUSES, Record, Snapshot, end_record, new_record_id, render_run, snapshot_at
from .switches import Switches, change_switches
from .world import change_run, parse_change, parse_tags

UPDATABLE = ("name", "status", "status_message", "user_arn", "resources", "tags", "type", "run", "change")


class Catalog:
    """The state that calls read and change. It is not thread-safe: the endpoint holds a lock during each call.

    Service actions run `speed` times as fast as the world defines. The clock does not run faster, because clients
    compare it with their own.
    """

    def __init__(self, world: World, clock: Clock, speed: float = 1.0) -> None:
        self.world = world
        self.clock = clock
        self._speed = speed
        # The caller of the current call.
        self.caller = self.caller_of("")
        self.paginator = Paginator()
        # Seeded, so that tests of random order are reproducible.
        self.random = random.Random(0)
        self.switches = change_switches(Switches(), world.switches)
        self._began = clock.now()
        self.provisioned_products = dict(world.provisioned_products)
        self._has_changes = any(product.change for product in self.provisioned_products.values())
        self.ids_by_name = self._index_names()
        self.records: dict[str, Record] = {}
        self.record_ids_by_product: dict[str, list[str]] = {}
        self._search_cache: dict[str, list[str]] = {}
        self._token_uses: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def set_switches(self, changes: Mapping[str, Any]) -> None:
        """Change switches."""
        self.switches = change_switches(self.switches, changes)
        self._search_cache.clear()

    def caller_of(self, access_key: str) -> Caller:
        """Return the caller with an access key."""
        callers = self.world.callers
        return callers.get(access_key) or callers.get("*") or Caller()

    @property
    def user_arn(self) -> str:
        """The ARN of the user of the current call."""
        return self.caller.user_arn or self.world.user_arn

    @property
    def region(self) -> str:
        """The region of the current call, which is set as the world's region."""
        return self.world.region

    @region.setter
    def region(self, region: str) -> None:
        self.world = dataclasses.replace(self.world, region=region)

    def get_provisioned_product(self, product_id: str) -> ProvisionedProduct:
        """Return a provisioned product with its current status; raise if it is not in the current region."""
        product = self.provisioned_products.get(product_id)
        if product is None or not self.is_in_region(product):
            raise ResourceNotFound(f"No provisioned product found with id: {product_id}")
        return self.with_current_status(product)

    def is_in_region(self, product: ProvisionedProduct) -> bool:
        """Return whether a product exists in the region of the current call."""
        return product.region in ("", self.region)

    def with_current_status(self, product: ProvisionedProduct) -> ProvisionedProduct:
        """Return the product with its current status.

        It depends on a change by another user, and, if the switch is set, on whether the last record has ended.
        """
        if (change := product.change) is not None:
            if self.clock.now() < (self._began if change.began is None else change.began) + change.seconds:
                return dataclasses.replace(product, status=change.status, status_message=change.message)
            product = dataclasses.replace(product, status=change.ends)
        if self.switches.product_status_while_running == "AVAILABLE" or not product.last_record_id:
            return product
        if snapshot_at(self.records[product.last_record_id], self.clock.now()).ended:
            return product
        return dataclasses.replace(product, status=self.switches.product_status_while_running)

    def find_provisioned_product_id(self, name: str) -> str | None:
        """Return the id of the product with this name in the region of the current call."""
        return self.ids_by_name.get((name, self.region)) or self.ids_by_name.get((name, ""))

    def product_of(self, parameters: Mapping[str, Any], region: str) -> str | None:
        """Return the id of the product to which a request refers by its id, its name or one of its records."""
        # The request has not been validated yet, so members can have any type.
        given = str(parameters.get("Id"))
        name = str(parameters.get("Name") or parameters.get("ProvisionedProductName"))
        if given in self.records:
            return self.records[given].product.id
        named = self.ids_by_name.get((name, region)) or self.ids_by_name.get((name, ""))
        return named or parameters.get("ProvisionedProductId") or parameters.get("Id")

    def cached_search(self, key: str, search: Callable[[], list[str]]) -> list[str]:
        """Return the ids that a search finds; the result is cached until a product changes or an execution starts."""
        is_cacheable = self.switches.product_status_while_running == "AVAILABLE" and not self.switches.describable_after
        is_cacheable &= not self._has_changes
        key = f"{self.region} {self.user_arn} {key}"
        if key not in self._search_cache or not is_cacheable:
            self._search_cache[key] = search()
        return self._search_cache[key]

    def list_service_actions(self, product_id: str, artifact_id: str) -> list[ServiceAction]:
        """Return the service actions of a product's artifact, in association order."""
        product = self.world.products.get(product_id)
        if product is None:
            raise ResourceNotFound(f"No product found with id: {product_id}")
        if artifact_id not in product.artifacts:
            raise ResourceNotFound(f"No provisioning artifact {artifact_id} found for product {product_id}")
        return [self.world.service_actions[name] for name in product.artifacts[artifact_id].service_actions]

    def get_service_action(self, product: ProvisionedProduct, action_id: str) -> ServiceAction:
        """Return a service action; raise if it is not associated with the provisioned product's artifact."""
        for action in self.list_service_actions(product.product, product.artifact):
            if action.id == action_id:
                return action
        raise ResourceNotFound(f"Service action {action_id} is not associated with provisioned product {product.id}")

    def start_execution(
        self,
        product: ProvisionedProduct,
        action: ServiceAction,
        *,
        token: str,
        parameters: Mapping[str, Sequence[str]],
        effective: Mapping[str, Sequence[str]],
    ) -> Record:
        """Create a record; `parameters` are those of the request, `effective` includes the defaults."""
        now, record_id = self.clock.now(), new_record_id()
        run = change_run(action.run, product.run, f"provisioned product {product.id}, run")
        run = render_run(run.at_speed(self._speed), effective, record_id=record_id, created=now)
        record = Record(record_id, token, action.id, parameters, product, now, run)
        self.records[record_id] = record
        self.record_ids_by_product.setdefault(product.id, []).append(record_id)
        self._token_uses[token] = (record_id, _request_arguments(product.id, action.id, parameters))
        self._store_product(dataclasses.replace(self.provisioned_products[product.id], last_record_id=record_id))
        return record

    def replay(self, token: str, *, product_id: str, action_id: str, parameters: Mapping[str, Any]) -> Record | None:
        """Return the record that a token created, or None if the token was not used or has expired."""
        record_id, earlier = self._token_uses.get(token, ("", {}))
        lifetime = self.switches.token_lifetime
        record = self.records.get(record_id)
        if record is None or (lifetime is not None and self.clock.now() - record.created > lifetime):
            return None
        arguments = _request_arguments(product_id, action_id, parameters)
        if self.switches.token_conflict == "refuse" and arguments != earlier:
            raise InvalidParameters(f"Execute token {token} was used with different parameters: {parameters}")
        return record

    def get_record(self, record_id: str) -> Record:
        """Return a record; raise if the caller can't describe it now."""
        record = self.records.get(record_id)
        if record is None or not self.is_in_region(record.product) or not self.is_describable(record):
            raise ResourceNotFound(f"No record found with id: {record_id}")
        return record

    def is_describable(self, record: Record) -> bool:
        """Return whether reads find the record, depending on a delay and on a change of the product's owner."""
        caller, owner = self.user_arn, self.provisioned_products[record.product.id].user_arn
        reassigned = owner != record.product.user_arn == caller
        return not reassigned and self.clock.now() - record.created >= self.switches.describable_after

    def visible_snapshot(self, record: Record) -> Snapshot:
        """Return the state of a record that reads return, which may be stale."""
        return snapshot_at(record, self.clock.now() - self.switches.describe_lag)

    def finish_record(
        self, record_id: str, *, status: str, errors: tuple[RunError, ...], outputs: tuple[Output, ...]
    ) -> None:
        """End a record now."""
        if status not in STATUSES:
            raise ValueError(f"the status must be one of {', '.join(STATUSES)}, not {status!r}")
        if record_id not in self.records:
            raise ValueError(f"unknown record {record_id!r}")
        record = self.records[record_id]
        self.records[record_id] = end_record(record, self.clock.now(), status=status, errors=errors, outputs=outputs)

    def update_product(self, product_id: str, changes: Mapping[str, Any]) -> None:
        """Update fields of a provisioned product."""
        unknown = sorted(set(changes) - set(UPDATABLE))
        if unknown or product_id not in self.provisioned_products:
            raise ValueError(
                f"can't update {', '.join(unknown) or repr(product_id)}; the fields are {', '.join(UPDATABLE)}"
            )
        if "run" in changes:
            change_run(Run(), changes["run"], "run")
        old, change = self.provisioned_products[product_id], parse_change(changes.get("change"), product_id)
        tags = parse_tags(changes.get("tags", old.tags), product_id)
        product = dataclasses.replace(old, **{**changes, "tags": tags})
        if change is not None:
            product = dataclasses.replace(product, change=dataclasses.replace(change, began=self.clock.now()))
            self._has_changes = True
        self._store_product(product)
        if product.name != old.name:
            self.ids_by_name = self._index_names()

    def _index_names(self) -> dict[tuple[str, str], str]:
        return {(item.name, item.region): item.id for item in reversed(list(self.provisioned_products.values()))}

    def _store_product(self, product: ProvisionedProduct) -> None:
        self.provisioned_products[product.id] = product
        self._search_cache.clear()


def _request_arguments(product_id: str, action_id: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"product": product_id, "action": action_id, "parameters": parameters}
