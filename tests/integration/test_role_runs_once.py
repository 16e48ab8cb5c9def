# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role runs each action once: with batches, strategies, several calls and hosts that differ."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator

EXECUTE = "ExecuteProvisionedProductServiceAction"
ORDERS = "pp-orders0000001"
BACKUP = {"provisioned_product_id": ORDERS, "service_action_name": "Backup"}
# The name of the task that runs the action says how to continue.
CHANGE = re.compile(r'run_service_action_change_id: "(\w{64})"')
Runner = Callable[..., Any]


@pytest.fixture
def run_role(run: Runner, tmp_path: Path) -> Runner:
    """Return a function that runs the role once for each set of options in one play, on hosts or on localhost."""

    def start(*options: dict[str, Any], hosts: dict[str, Any] | None = None, **keywords: Any) -> Any:
        named = [{_variable(name): value for name, value in each.items()} for each in options]
        role = {"name": "selfservice.aws.run_service_action"}
        tasks = [{"ansible.builtin.import_role": role, "vars": each} for each in named]
        plays = [{"hosts": "all" if hosts else "localhost", "gather_facts": False, **keywords, "tasks": tasks}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
        return run("ansible-playbook", "play.yml", *_inventory(tmp_path, hosts), ANSIBLE_SHOW_CUSTOM_STATS="1")

    return start


@pytest.fixture
def playbook(run: Runner, tmp_path: Path) -> Runner:
    """Return a function that runs a playbook of the collection with answers as AWX passes them."""

    def start(name: str, hosts: dict[str, Any] | None = None, **answers: Any) -> Any:
        lines = [f"{_variable(key)}: {_as_unsafe(value)}" for key, value in answers.items()]
        (tmp_path / "extravars").write_text("\n".join(lines))
        command = ["ansible-playbook", f"selfservice.aws.{name}", "-e", "@extravars", *_inventory(tmp_path, hosts)]
        return run(*command, ANSIBLE_SHOW_CUSTOM_STATS="1")

    return start


def _variable(option: str) -> str:
    return option if option.startswith("provisioned_") else f"run_service_action_{option}"


def _as_unsafe(value: Any) -> str:
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)


def _inventory(folder: Path, hosts: dict[str, Any] | None) -> list[str]:
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts or {}}}))
    return ["-i", "hosts.yml"] if hosts else []


def test_a_change_is_the_same_for_one_target_and_for_many(run_role: Runner, emulator: Emulator) -> None:
    changed = {"service_action_name": "Backup", "change_id": "Change 1"}
    for options in (
        {"provisioned_product_name": "orders-db", "parameters": {"Retention": 30}},
        {"provisioned_product_id": ORDERS, "parameters": {"Retention": "30"}},
    ):
        done = run_role({**changed, **options})
        assert done.code == 0, done.output
    hosts = {"orders": {"provisioned_product_id": ORDERS}, "billing": {"provisioned_product_name": "billing-db"}}
    done = run_role({**changed, "parameters": {"Retention": 30}}, hosts=hosts)
    assert done.code == 0, done.output
    assert [record["ProvisionedProductName"] for record in emulator.records()] == ["orders-db", "billing-db"]


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("SearchProvisionedProducts", {"ProvisionedProducts": []}),
        ("ListServiceActionsForProvisioningArtifact", {"ServiceActionSummaries": []}),
    ],
)
def test_an_incomplete_lookup_does_not_change_the_token(
    run_role: Runner, emulator: Emulator, operation: str, members: dict[str, Any]
) -> None:
    emulator.fault(operation, "replaced", members=members, calls=[1])
    options = {"provisioned_product_name": "orders-db", "service_action_name": "Backup", "change_id": "CHG-1"}
    first = run_role(options)
    assert len(emulator.records()) == (first.code == 0), first.output
    assert first.stats["failed"] + first.stats["not_started"] == (first.code != 0)
    again = run_role(options)
    assert again.code == 0, again.output
    assert len(emulator.records()) == 1


def test_a_change_is_found_even_if_its_parameters_would_be_rejected_now(run_role: Runner, emulator: Emulator) -> None:
    options = {**BACKUP, "change_id": "CHG-1"}
    assert run_role(options).code == 0
    target = {"Name": "TARGET", "Type": "TARGET", "DefaultValues": []}
    operation = "DescribeServiceActionExecutionParameters"
    emulator.fault(operation, "replaced", members={"ServiceActionParameters": [target]})
    done = run_role(options)
    assert done.code == 0, done.output
    assert done.stats["record_ids"] == [emulator.records()[0]["RecordId"]]
    assert len(emulator.records()) == 1


def test_all_batches_share_one_seed_that_resumes_them(
    playbook: Runner, product_hosts: Runner, emulator: Emulator
) -> None:
    hosts = product_hosts(4)
    done = playbook("bulk_service_action", hosts, service_action_id="act-1", serial="2")
    assert done.code == 0, done.output
    (seed,) = set(CHANGE.findall(done.output))
    assert len(done.stats["record_ids"]) == 4
    again = playbook("bulk_service_action", hosts, service_action_id="act-1", serial="2", change_id=seed)
    assert again.code == 0, again.output
    assert len(emulator.records()) == 4


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.free", "host_pinned"])
@pytest.mark.parametrize("failing", ["none", "web-0"])
def test_a_strategy_that_ignores_run_once_is_refused_on_every_host(
    run_role: Runner, product_hosts: Runner, emulator: Emulator, strategy: str, failing: str
) -> None:
    before = [{"ansible.builtin.fail": {"msg": "Broken"}, "when": f"inventory_hostname == '{failing}'"}]
    hosts = product_hosts(3)
    done = run_role({"service_action_id": "act-1"}, hosts=hosts, strategy=strategy, pre_tasks=before)
    assert done.code == 2
    told = re.sub(r"\s+", " ", done.output).count(f"The strategy of the play is {strategy}, which ignores run_once")
    assert told >= len(hosts) - (failing in hosts)
    assert done.output.count("failed=1") == len(hosts)
    assert not emulator.calls()


@pytest.mark.parametrize("strategy", ["ansible.builtin.linear", "debug"])
def test_linear_strategies_run_each_target_once(
    run_role: Runner, product_hosts: Runner, emulator: Emulator, strategy: str
) -> None:
    done = run_role({"service_action_id": "act-1"}, hosts=product_hosts(3), strategy=strategy)
    assert done.code == 0, done.output
    assert len(emulator.calls(EXECUTE)) == 3
    assert len(done.stats["record_ids"]) == 3


def test_batches_in_another_order_share_one_seed(run_role: Runner, product_hosts: Runner, emulator: Emulator) -> None:
    done = run_role({"service_action_id": "act-1"}, hosts=product_hosts(3), serial=1, order="reverse_sorted")
    assert done.code == 0, done.output
    assert len(set(CHANGE.findall(done.output))) == 1
    assert sorted(done.stats["record_ids"]) == sorted(record["RecordId"] for record in emulator.records())
    assert done.stats["succeeded"] == 3


def test_the_same_call_twice_runs_twice_on_every_host(
    run_role: Runner, product_hosts: Runner, emulator: Emulator
) -> None:
    again = {"service_action_id": "act-1"}
    done = run_role(again, again, hosts=product_hosts(2), serial=1)
    assert done.code == 0, done.output
    assert len(emulator.records()) == 4
    assert done.stats["succeeded"] == 4


def test_the_same_call_in_another_play_is_another_call(
    run: Runner, product_hosts: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    inventory = _inventory(tmp_path, product_hosts(2))
    role = {"name": "selfservice.aws.run_service_action"}
    tasks = [{"ansible.builtin.import_role": role, "vars": {"run_service_action_service_action_id": "act-1"}}]
    plays = [{"hosts": hosts, "gather_facts": False, "tasks": tasks} for hosts in ("web-1", "all", "web-1:web-0")]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    done = run("ansible-playbook", "play.yml", *inventory)
    assert done.code == 0, done.output
    assert len(emulator.records()) == 5


def test_targets_of_an_interrupted_task_count_as_timed_out(
    run_role: Runner, product_hosts: Runner, tmp_path: Path
) -> None:
    done = run_role({"service_action_id": "act-1"}, hosts=product_hosts(2, seconds=2000), timeout=5)
    # The module process continues after the timeout.
    subprocess.run(["pkill", "-KILL", "-f", f"{tmp_path}/tmp"], check=False)
    assert done.code == 2
    assert done.stats["timed_out"] == 2
    assert done.stats["remaining"] == []
    assert done.output.count("failed=1") == 2
    assert "may have started" in done.output


def test_a_wait_whose_process_is_killed_fails_the_host_and_is_continued(
    kill: Runner, run: Runner, product_hosts: Runner, emulator: Emulator
) -> None:
    given = {**next(iter(product_hosts(1, seconds=4000).values())), "run_service_action_service_action_id": "act-1"}
    command = ("ansible-playbook", "selfservice.aws.run_service_action", "-e", json.dumps(given))
    output = kill(lambda: bool(emulator.calls("DescribeRecord")), *command, who="module")
    words = re.sub(r"\s+", " ", output)
    (record,) = emulator.records()
    assert "failed=1" in words
    assert f"The end of record {record['RecordId']} was not seen: " in words
    (change,) = set(re.findall(r'run the same again with run_service_action_change_id: \\"(\w{64})\\"\.', words))
    emulator.advance(5000)
    done = run(*command, "-e", f"run_service_action_change_id={change}")
    assert done.code == 0, done.output
    assert len(emulator.records()) == 1


def test_the_change_is_shown_before_the_start(run_role: Runner, emulator: Emulator) -> None:
    done = run_role(BACKUP)
    (change,) = CHANGE.findall(done.output.partition("Wait for the record")[0])
    assert run_role({**BACKUP, "change_id": change}).code == 0
    assert len(emulator.records()) == 1


def test_a_target_that_check_mode_refuses_counts_as_failed(run: Runner, emulator: Emulator) -> None:
    given = {_variable(name): value for name, value in {**BACKUP, "parameters": {"Retain": 1}}.items()}
    command = ["ansible-playbook", "selfservice.aws.run_service_action", "--check", "-e", json.dumps(given)]
    done = run(*command, ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert done.code == 2
    assert (done.stats["failed"], done.stats["remaining"]) == (1, [])
    assert not emulator.calls(EXECUTE)


def test_the_results_of_several_calls_are_added_up(run_role: Runner, emulator: Emulator) -> None:
    done = run_role(BACKUP, {**BACKUP, "service_action_name": "Restart"})
    assert done.code == 0, done.output
    assert done.stats["record_ids"] == [record["RecordId"] for record in emulator.records()]
    assert done.stats["succeeded"] == 2


def test_parameters_from_the_inventory_are_sent(playbook: Runner, emulator: Emulator) -> None:
    host = {"provisioned_product_id": ORDERS, "run_service_action_parameters": {"Retention": 9}}
    done = playbook("bulk_service_action", {"orders": host}, service_action_name="Backup")
    assert done.code == 0, done.output
    assert emulator.records()[0]["Parameters"] == {"Retention": ["9"]}


def test_change_ids_that_yaml_would_parse_as_equal_are_different_changes(playbook: Runner, emulator: Emulator) -> None:
    for change in ("0012", "10", "0", "0"):
        done = playbook("run_service_action", **BACKUP, change_id=change)
        assert done.code == 0, done.output
    assert len(emulator.records()) == 3


def test_timeouts_are_checked_before_the_start(run_role: Runner, emulator: Emulator) -> None:
    done = run_role({**BACKUP, "wait_timeout": -1})
    assert done.code == 2
    assert "wait_timeout must be between 0 and 7776000 seconds, not -1" in done.output
    assert done.stats["not_started"] == 1
    assert not emulator.calls(EXECUTE)


def test_empty_survey_answers_are_ignored(playbook: Runner, emulator: Emulator) -> None:
    options = ("wait", "wait_timeout", "wait_delay", "max_concurrency", "max_errors", "accept_language", "region")
    more = ("change_id", "report", "parameters", "sensitive_parameters", "service_action_id")
    empty = dict.fromkeys(
        (*options, *more, "serial", "retry_failed", "ignore_failures", "provisioned_product_name"), ""
    )
    done = playbook("run_service_action", **empty, **BACKUP)
    assert done.code == 0, done.output
    assert [record["Status"] for record in emulator.records()] == ["SUCCEEDED"]


def test_a_record_that_cannot_be_polled_counts_as_timed_out(run_role: Runner, emulator: Emulator) -> None:
    emulator.fault("DescribeRecord", "expired_token")
    done = run_role(BACKUP)
    assert done.code == 2
    assert done.stats["timed_out"] == 1
    record = emulator.records()[0]["RecordId"]
    assert f"servicecatalog_record_wait with record_ids: [{record}]" in re.sub(r"\s+", " ", done.output)


def test_a_task_that_fails_before_its_targets_reports_them_as_not_started(
    run_role: Runner, product_hosts: Runner, emulator: Emulator
) -> None:
    done = run_role({"service_action_id": "act-1", "max_errors": "many"}, hosts=product_hosts(3))
    assert done.code == 2
    assert done.stats["remaining"] == [f"pp-{number:013}" for number in range(3)]
    assert done.stats["not_started"] == 3
    assert done.output.count("failed=1") == 3
    assert not emulator.records()
