# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules, inventory, role and playbooks with exactly the rights of AWS's policy AWSServiceCatalogEndUserFullAccess."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator
from emulator.world import DEMO

ROOT = Path(__file__).parents[2]
# The probe also asks for what is denied, and test_probe.py runs it.
MODULES = sorted(
    path.stem
    for path in (ROOT / "plugins" / "modules").glob("servicecatalog_*.py")
    if path.stem != "servicecatalog_probe"
)
# Permissions that an example needs in addition to the policy.
NEEDS_MORE = {
    "servicecatalog_provisioned_product_info": "GetProvisionedProductOutputs",
    "servicecatalog_service_action_info": "DescribeServiceAction",
}
NARROW = "is not allowed for the whole account"

Runner = Callable[..., Any]


@pytest.fixture(autouse=True)
def _end_user(emulator: Emulator) -> None:
    world = yaml.safe_load(DEMO.read_text())
    theirs = {**world["provisioned_products"][0], "id": "pp-theirs0000001", "name": "their-db"}
    theirs["user_arn"] = "arn:aws:sts::123456789012:assumed-role/Other/stranger"
    callers = [{"policy": "AWSServiceCatalogEndUserFullAccess"}]
    emulator.reset({**world, "provisioned_products": [*world["provisioned_products"], theirs], "callers": callers})


def denied(emulator: Emulator) -> set[str]:
    """Return the calls that were denied, without those that ask for a wider level than the policy grants."""
    calls = [call for call in emulator.calls() if call["error_code"] == "AccessDeniedException"]
    return {call["operation"] for call in calls if "AccessLevelFilter" not in call["parameters"]}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run_but_for_what_needs_more_which_docs_and_error_name(
    play: Runner, emulator: Emulator, name: str
) -> None:
    module = importlib.import_module(f"ansible_collections.selfservice.aws.plugins.modules.{name}")
    needed = NEEDS_MORE.get(name)
    done = play(module.EXAMPLES, "-e", "new_password=n3w-Passw0rd")
    assert denied(emulator) == ({needed} if needed else set())
    assert (done.code == 0) is (needed is None), done.output
    if needed:
        assert f"servicecatalog:{needed}" in done.output
    documented = set(re.findall(r"C\(servicecatalog:([A-Z]\w+)\)", module.DOCUMENTATION))
    assert documented == ({needed} if needed else set())


def test_the_inventory_has_the_products_of_the_user_and_one_warning(
    run: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    source = tmp_path / "mine.servicecatalog.yml"
    source.write_text(yaml.safe_dump({"plugin": "selfservice.aws.servicecatalog_provisioned_products"}))
    done = run("ansible-inventory", "-i", str(source), "--list")
    assert done.code == 0, done.output
    assert " ".join(done.output.split()).count(NARROW) == 1
    hosts = json.loads(done.output[done.output.index("\n{") :])["_meta"]["hostvars"]
    assert "orders-db" in hosts
    assert "their-db" not in hosts
    assert denied(emulator) == set()


def test_the_role_runs_an_action_on_one_product_and_on_many(run: Runner, emulator: Emulator, tmp_path: Path) -> None:
    role = {"ansible.builtin.include_role": {"name": "selfservice.aws.run_service_action"}}
    variables = {"run_service_action_service_action_name": "Restart", "region": "us-east-1"}
    hosts = {name: {"provisioned_product_name": name, **variables} for name in ("orders-db", "billing-db")}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    plays = [{"hosts": hosts, "gather_facts": False, "tasks": [role]} for hosts in ("orders-db", "all")]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    done = run("ansible-playbook", "-i", "hosts.yml", "play.yml")
    assert done.code == 0, done.output
    assert [record["Status"] for record in emulator.records()] == ["SUCCEEDED"] * 3
    assert denied(emulator) == set()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run_service_action", {"provisioned_product_name": "orders-db", "service_action_name": "Restart"}),
        ("list_service_actions", {"provisioned_product_name": "orders-db"}),
    ],
)
def test_a_playbook_runs(run: Runner, emulator: Emulator, name: str, arguments: dict[str, str]) -> None:
    given = [argument for pair in arguments.items() for argument in ("-e", "=".join(pair))]
    done = run("ansible-playbook", f"selfservice.aws.{name}", *given)
    assert done.code == 0, done.output
    assert denied(emulator) == set()


def test_the_playbook_for_many_runs_on_the_inventory_of_the_user(
    run: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    source = {"plugin": "selfservice.aws.servicecatalog_provisioned_products", "search_query": ["productName:Database"]}
    source["statuses"] = ["AVAILABLE", "TAINTED"]
    (tmp_path / "mine.servicecatalog.yml").write_text(yaml.safe_dump({**source, "access_level": "user"}))
    given = ["-i", "mine.servicecatalog.yml", "-e", "service_action_name=Restart", "-l", "orders-db,billing-db"]
    done = run("ansible-playbook", "selfservice.aws.bulk_service_action", *given)
    assert done.code == 0, done.output
    assert len(emulator.records()) == 2
    assert NARROW not in done.output
    assert denied(emulator) == set()


def test_the_demo_runs(run: Runner, emulator: Emulator) -> None:
    # As long as with `make demo`: a token that is sent again within 2 s would count as new.
    emulator.update_product("pp-orders0000001", run={"seconds": 60})
    done = run("ansible-playbook", "selfservice.aws.demo")
    assert done.code == 0, done.output
    assert "rescued=1" in done.output
    assert len(emulator.records()) == 5
    assert denied(emulator) == set()
