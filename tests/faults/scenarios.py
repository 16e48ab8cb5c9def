# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios for faults: every module with its main options, and the world of the emulator for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .options import default_options

EXECUTE, RECORD, HISTORY = "ExecuteProvisionedProductServiceAction", "DescribeRecord", "ListRecordHistory"
PRODUCT, SEARCH = "DescribeProvisionedProduct", "SearchProvisionedProducts"
OUTPUTS = "GetProvisionedProductOutputs"
ACTIONS, PARAMETERS = "ListServiceActionsForProvisioningArtifact", "DescribeServiceActionExecutionParameters"
ACTION = "DescribeServiceAction"
# Before each call, if the credentials are those of a role whose sessions end soon.
ASSUME_ROLE = "AssumeRole"

MODULES = "ansible_collections.selfservice.aws.plugins.modules.servicecatalog_"
HANDLERS = {
    "service_action": "run_service_action",
    "service_action_bulk": "run_on_many",
    "record_wait": "wait_until_ended",
    "record_info": "look_up_records",
    "service_action_info": "list_service_actions",
    "provisioned_product_info": "list_provisioned_products",
}

# The number of products; the action fails on the last one.
COUNT = 5
IDS = [f"pp-{number}" for number in range(COUNT)]
NAMES = [f"web-{number}" for number in range(COUNT)]
RESTART, TIMEOUT = "act-restart", 120
_RUN = {"seconds": 10, "outputs": {"First": "1", "Second": "2", "Third": "3"}}
_BROKEN = {**_RUN, "ends": "FAILED", "errors": [{"code": "Broken", "description": "It broke."}]}


def world_of(
    runs: Mapping[str, Mapping[str, Any]], switches: Mapping[str, Any], busy: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return a world with three actions, and a provisioned product for each id, on which they run as given.

    The `busy` products are busy with another change for these seconds from the start.
    """
    changes = {each: {"change": {"seconds": seconds}} for each, seconds in (busy or {}).items()}
    actions = {name: f"act-{name.lower()}" for name in ("Backup", "Check", "Restart")}
    artifact = {"id": "pa-1", "name": "v1", "service_actions": [*actions.values()]}
    plain = {"product": "prod-1", "artifact": "pa-1"}
    return {
        "switches": switches,
        "service_actions": [
            {"id": each, "name": name, "parameters": [{"name": "Mode"}]} for name, each in actions.items()
        ],
        "products": [{"id": "prod-1", "name": "web", "artifacts": [artifact]}],
        "provisioned_products": [
            {"id": each, "name": each.replace("pp-", "web-"), "run": run, **plain, **changes.get(each, {})}
            for each, run in runs.items()
        ],
    }


_RUNS = {**dict.fromkeys(IDS, _RUN), IDS[-1]: _BROKEN}
# Pages of two items, so that the second page can fail after the first one.
_SWITCHES = {"page_size": 2}
WORLD = world_of(_RUNS, _SWITCHES)

# Options that differ from the modules' defaults.
_OPTIONS: dict[str, dict[str, Any]] = {
    "service_action": {"wait_timeout": TIMEOUT},
    "service_action_bulk": {"wait_timeout": TIMEOUT, "max_errors": "1"},
    "record_wait": {"wait_timeout": TIMEOUT},
}


@dataclass(frozen=True)
class Scenario:
    """A module with options, and the operations that it calls, in order.

    `targets` are the products that get one record each. `records` is the number of records that exist before; they
    are passed to the module if it has the option `record_ids`. The `busy` products are busy with another change for
    these seconds from the start.
    """

    name: str
    module: str
    operations: tuple[str, ...]
    given: Mapping[str, Any]
    targets: tuple[str, ...] = ()
    records: int = 0
    modes: Mapping[str, bool] = field(default_factory=dict)
    busy: Mapping[str, float] = field(default_factory=dict)

    @property
    def world(self) -> dict[str, Any]:
        """The world for it."""
        return world_of(_RUNS, _SWITCHES, self.busy)

    @property
    def params(self) -> dict[str, Any]:
        """All options, as Ansible passes them."""
        return {**default_options(MODULES + self.module), **_OPTIONS.get(self.module, {}), **self.given}

    @property
    def runs_actions(self) -> bool:
        """Whether the module runs actions, or would without check mode."""
        return self.module.startswith("service_action") and not self.module.endswith("info")


_BY_ID = {"provisioned_product_id": IDS[0], "service_action_id": RESTART}
_BY_NAME = {"provisioned_product_name": NAMES[0], "service_action_name": "Restart"}
_ALL = {"provisioned_product_ids": IDS, "service_action_id": RESTART}
_CHECK = {"check_mode": True}
_NAMED = {"provisioned_product_names": NAMES, "service_action_name": "Restart"}

SCENARIOS = [
    Scenario("one", "service_action", (EXECUTE, RECORD), {**_BY_ID, "wait": True}, (IDS[0],)),
    Scenario(
        "one_by_names",
        "service_action",
        (PRODUCT, ACTIONS, PARAMETERS, EXECUTE, RECORD),
        {**_BY_NAME, "wait": True},
        (IDS[0],),
        modes={"diff_mode": True},
    ),
    Scenario("one_without_wait", "service_action", (EXECUTE,), _BY_ID, (IDS[0],)),
    Scenario(
        "one_that_fails",
        "service_action",
        (EXECUTE, RECORD),
        {**_BY_ID, "provisioned_product_id": IDS[-1], "wait": True},
        (IDS[-1],),
    ),
    Scenario("one_checked", "service_action", (PRODUCT, ACTIONS, PARAMETERS), _BY_ID, modes=_CHECK),
    Scenario("many", "service_action_bulk", (EXECUTE, HISTORY, RECORD), _ALL, tuple(IDS)),
    Scenario("many_by_names", "service_action_bulk", (PRODUCT, ACTIONS, EXECUTE, HISTORY), _NAMED, tuple(IDS)),
    Scenario(
        "many_by_search",
        "service_action_bulk",
        (SEARCH, ACTIONS, PARAMETERS, EXECUTE),
        {"search_query": ["web"], "service_action_name": "Restart", "wait": False},
        tuple(IDS),
        modes={"diff_mode": True},
    ),
    Scenario(
        "many_checked",
        "service_action_bulk",
        (PRODUCT, ACTIONS, PARAMETERS),
        _NAMED,
        modes={**_CHECK, "diff_mode": True},
    ),
    Scenario("wait_for_one", "record_wait", (RECORD,), {"record_ids": 1}, records=1),
    Scenario("wait_for_many", "record_wait", (HISTORY, RECORD), {"record_ids": 4}, records=4),
    Scenario("records_by_ids", "record_info", (RECORD,), {"record_ids": 2}, records=2),
    Scenario("history", "record_info", (HISTORY,), {}, records=4),
    Scenario(
        "actions_of_a_product",
        "service_action_info",
        (PRODUCT, ACTIONS, PARAMETERS),
        {"provisioned_product_name": NAMES[0]},
    ),
    Scenario(
        "actions_of_an_artifact",
        "service_action_info",
        (ACTIONS,),
        {"product_id": "prod-1", "provisioning_artifact_id": "pa-1"},
    ),
    Scenario("definition", "service_action_info", (ACTION,), {"service_action_id": RESTART}),
    Scenario("products", "provisioned_product_info", (SEARCH,), {"search_query": ["web"]}),
    Scenario("products_by_names", "provisioned_product_info", (SEARCH,), {"provisioned_product_names": NAMES[:2]}),
    Scenario("products_with_outputs", "provisioned_product_info", (SEARCH, OUTPUTS), {"outputs": True}),
    Scenario("wait_for_a_product", "record_wait", (PRODUCT, RECORD), {"provisioned_product_name": NAMES[0]}, records=1),
    Scenario(
        "one_busy",
        "service_action",
        (EXECUTE, PRODUCT, RECORD),
        {**_BY_ID, "wait": True, "wait_until_available": True},
        (IDS[0],),
        busy={IDS[0]: 20},
    ),
    Scenario(
        "many_busy",
        "service_action_bulk",
        (EXECUTE, SEARCH, PRODUCT, HISTORY),
        {**_ALL, "wait_until_available": True},
        tuple(IDS),
        busy={each: 10 + 5 * number for number, each in enumerate(IDS)},
    ),
]
