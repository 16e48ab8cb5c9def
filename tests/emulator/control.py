# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: commands that tests and users send to the emulator itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Callable

from .endpoint import Endpoint
from .models import RunError
from .operations import OPERATIONS
from .records import snapshot_at
from .responses import record_detail, record_outputs
from .world import parse_outputs, read_world


class Commands:
    """The commands of the control API. Their results are returned as JSON."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def run(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Run a command; raise LookupError, TypeError or ValueError if the request is invalid."""
        if name not in COMMANDS:
            raise LookupError(f"unknown command {name!r}; the commands are {', '.join(COMMANDS)}")
        with self._endpoint.lock:
            return COMMANDS[name](self, **arguments)

    def reset(self, world: Mapping[str, Any] | None = None) -> None:
        """Discard records, calls and faults, set the clock, and load the initial world or another one."""
        self._endpoint.reset(self._endpoint.initial_world if world is None else read_world(world))

    def calls(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return all calls, oldest first."""
        return [call for call in self._endpoint.calls if operation in (None, call["operation"])]

    def records(self) -> list[dict[str, Any]]:
        """Return all records in their current state, with their tokens, parameters and outputs."""
        catalog = self._endpoint.catalog
        records = []
        for record in catalog.records.values():
            snapshot = snapshot_at(record, self._endpoint.clock.now())
            detail = record_detail(record, snapshot, catalog.switches.record_type)
            detail["RecordOutputs"] = record_outputs(snapshot.outputs)
            detail["ServiceActionId"] = record.service_action_id
            records.append({**detail, "ExecuteToken": record.execute_token, "Parameters": record.parameters})
        return records

    def fault(self, operation: str, kind: str, **options: Any) -> None:
        """Set a fault."""
        known = [name for operations in OPERATIONS.values() for name in operations]
        if operation != "*" and operation not in known:
            raise ValueError(f"unknown operation {operation!r}; the operations are *, {', '.join(known)}")
        if kind == "replaced" and operation in OPERATIONS["sts"]:
            raise ValueError(f"{operation} returns XML, whose members can't be replaced")
        product = options.get("product")
        if product is not None and product not in self._endpoint.catalog.provisioned_products:
            raise ValueError(f"unknown provisioned product {product!r}")
        self._endpoint.faults.add(operation, kind, **options)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._endpoint.faults.clear()

    def now(self) -> float:
        """Return the emulator's time."""
        return self._endpoint.clock.now()

    def advance(self, seconds: float) -> float:
        """Advance the emulator's clock, and return the new time."""
        return self._endpoint.clock.advance(seconds)

    def set(self, **switches: Any) -> dict[str, Any]:
        """Set switches, and return all switches."""
        catalog = self._endpoint.catalog
        catalog.set_switches(switches)
        return dataclasses.asdict(catalog.switches)

    def update_product(self, product_id: str, **changes: Any) -> None:
        """Update fields of a provisioned product."""
        self._endpoint.catalog.update_product(product_id, changes)

    def finish_record(
        self,
        record_id: str,
        status: str = "SUCCEEDED",
        errors: list[dict[str, str]] | None = None,
        outputs: Mapping[str, str] | list[dict[str, str]] | None = None,
    ) -> None:
        """End a record now. `errors` have code and description; `outputs` have the same form as in a world."""
        run_errors = tuple(RunError(**error) for error in errors or ())
        run_outputs = parse_outputs(outputs, record_id)
        self._endpoint.catalog.finish_record(record_id, status=status, errors=run_errors, outputs=run_outputs)

    def output_violations(self) -> list[str]:
        """Return the violations of botocore's model in responses."""
        return self._endpoint.output_violations


COMMANDS: dict[str, Callable[..., Any]] = {
    name: command for name, command in vars(Commands).items() if not name.startswith("_") and name != "run"
}
