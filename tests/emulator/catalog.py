# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog's state: what is provisioned, which records there are, and which token made which."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .clock import Clock
from .exceptions import InvalidParameters, ResourceNotFound
from .models import ProvisionedProduct, Run, RunError, ServiceAction, World
from .paging import Pager
from .records import STATUSES, Record, View, end_now, look, new_record_id, render_run
from .switches import Switches, change_switches
from .world import change_run

UPDATABLE = ("name", "status", "status_message", "user_arn", "resources", "tags", "type", "run")


class Catalog:
    """Everything that calls read and change; the caller holds a lock around each call."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        # Where the call under way is made.
        self.region = world.region
        self.pager = Pager()
        # Seeded, so that a test that meets lost items once meets them always.
        self.random = random.Random(0)
        self.switches = change_switches(Switches(), world.switches)
        self.products = dict(world.provisioned_products)
        self.names = self._names()
        self.records: dict[str, Record] = {}
        self.record_ids_of: dict[str, list[str]] = {}
        self._found: dict[str, list[str]] = {}
        self._token_uses: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def product(self, product_id: str) -> ProvisionedProduct:
        """Return a provisioned product with the status to be seen now."""
        product = self.products.get(product_id)
        if product is None or not self.is_here(product):
            raise ResourceNotFound(f"No provisioned product found with id: {product_id}")
        return self.shown(product)

    def is_here(self, product: ProvisionedProduct) -> bool:
        """Tell whether a product is in the region of the call."""
        return product.region in ("", self.region)

    def shown(self, product: ProvisionedProduct) -> ProvisionedProduct:
        """Return the product as it looks now, which depends on its last record if a switch says so."""
        if self.switches.product_status_while_running == "AVAILABLE" or not product.last_record_id:
            return product
        if look(self.records[product.last_record_id], self.clock.now()).ended:
            return product
        return dataclasses.replace(product, status=self.switches.product_status_while_running)

    def named(self, name: str) -> str | None:
        """Return the id of the product with a name in the region of the call."""
        return self.names.get((name, self.region)) or self.names.get((name, ""))

    def remember(self, key: str, find: Callable[[], list[str]]) -> list[str]:
        """Return the ids that a search finds, from memory while nothing has changed since."""
        timeless = self.switches.product_status_while_running == "AVAILABLE" and not self.switches.describable_after
        key = f"{self.region} {key}"
        if key not in self._found or not timeless:
            self._found[key] = find()
        return self._found[key]

    def actions_of(self, product_id: str, artifact_id: str) -> list[ServiceAction]:
        """Return the service actions of a product's artifact, in the order they were associated."""
        product = self.world.products.get(product_id)
        if product is None:
            raise ResourceNotFound(f"No product found with id: {product_id}")
        if artifact_id not in product.artifacts:
            raise ResourceNotFound(f"No provisioning artifact {artifact_id} found for product {product_id}")
        return [self.world.service_actions[name] for name in product.artifacts[artifact_id].service_actions]

    def action_on(self, product: ProvisionedProduct, action_id: str) -> ServiceAction:
        """Return a service action of the provisioned product's artifact."""
        for action in self.actions_of(product.product, product.artifact):
            if action.id == action_id:
                return action
        raise ResourceNotFound(f"Service action {action_id} is not associated with provisioned product {product.id}")

    def start(
        self,
        product: ProvisionedProduct,
        action: ServiceAction,
        *,
        token: str,
        parameters: Mapping[str, Sequence[str]],
        effective: Mapping[str, Sequence[str]],
    ) -> Record:
        """Make a record; `parameters` is what was asked for, `effective` has the defaults too."""
        now, record_id = self.clock.now(), new_record_id()
        run = change_run(action.run, product.run, f"provisioned product {product.id}, run")
        run = render_run(run, effective, record_id=record_id, created=now)
        record = Record(record_id, token, action.id, parameters, product, now, run)
        self.records[record_id] = record
        self.record_ids_of.setdefault(product.id, []).append(record_id)
        self._token_uses[token] = (record_id, _asked(product.id, action.id, parameters))
        self._replace(dataclasses.replace(self.products[product.id], last_record_id=record_id))
        return record

    def replay(self, token: str, *, product_id: str, action_id: str, parameters: Mapping[str, Any]) -> Record | None:
        """Return the record that a token made, while the token lives."""
        record_id, asked = self._token_uses.get(token, ("", {}))
        lifetime = self.switches.token_lifetime
        record = self.records.get(record_id)
        if record is None or (lifetime is not None and self.clock.now() - record.created > lifetime):
            return None
        if self.switches.token_conflict == "refuse" and asked != _asked(product_id, action_id, parameters):
            raise InvalidParameters(f"Execute token {token} was used with different parameters: {parameters}")
        return record

    def record(self, record_id: str) -> Record:
        """Return a record that the caller can see by now."""
        record = self.records.get(record_id)
        if record is None or not self.is_here(record.product) or not self.describable(record):
            raise ResourceNotFound(f"No record found with id: {record_id}")
        return record

    def describable(self, record: Record) -> bool:
        """Whether reads find the record: not right after its start, nor once the product has a new owner."""
        caller, owner = self.world.user_arn, self.products[record.product.id].user_arn
        lost = owner != record.product.user_arn == caller
        return not lost and self.clock.now() - record.created >= self.switches.describable_after

    def look(self, record: Record) -> View:
        """Return what reads show of a record, which may lag behind."""
        return look(record, self.clock.now() - self.switches.describe_lag)

    def finish_record(
        self, record_id: str, *, status: str, errors: tuple[RunError, ...], outputs: Mapping[str, str]
    ) -> None:
        """End a record now."""
        if status not in STATUSES:
            raise ValueError(f"a record's status is one of {', '.join(STATUSES)}, not {status!r}")
        if record_id not in self.records:
            raise ValueError(f"there is no record {record_id!r}")
        record = self.records[record_id]
        self.records[record_id] = end_now(record, self.clock.now(), status=status, errors=errors, outputs=outputs)

    def update_product(self, product_id: str, changes: Mapping[str, Any]) -> None:
        """Change members of a provisioned product."""
        unknown = sorted(set(changes) - set(UPDATABLE))
        if unknown or product_id not in self.products:
            raise ValueError(
                f"cannot update {', '.join(unknown) or repr(product_id)}; known are {', '.join(UPDATABLE)}"
            )
        if "run" in changes:
            change_run(Run(), changes["run"], "run")
        old = self.products[product_id]
        product = dataclasses.replace(old, **changes)
        self._replace(product)
        if product.name != old.name:
            self.names = self._names()

    def _names(self) -> dict[tuple[str, str], str]:
        return {(item.name, item.region): item.id for item in reversed(list(self.products.values()))}

    def _replace(self, product: ProvisionedProduct) -> None:
        self.products[product.id] = product
        self._found.clear()


def _asked(product_id: str, action_id: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"product": product_id, "action": action_id, "parameters": parameters}
