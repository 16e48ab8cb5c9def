# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role run_service_action and its playbooks, run as users run them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator

EXECUTE = "ExecuteProvisionedProductServiceAction"
ORDERS, BILLING = "pp-orders0000001", "pp-billing000001"
HOSTILE = "{{ lookup('pipe', 'echo templated') }}"
Runner = Callable[..., Any]


def variables(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the role's variables for options, of which the target has no prefix."""
    return {
        name if name.startswith("provisioned_") else f"run_service_action_{name}": value
        for name, value in options.items()
    }


@pytest.fixture
def role(play: Runner) -> Runner:
    """Return a function that runs the role on localhost, and returns its result."""

    def start(*arguments: str, **options: Any) -> Any:
        given = variables(options)
        tasks = [
            {"ansible.builtin.import_role": {"name": "selfservice.aws.run_service_action"}, "vars": given},
            {"ansible.builtin.set_fact": {"result": "{{ run_service_action_result }}"}},
        ]
        return play(yaml.safe_dump(tasks), *arguments, ANSIBLE_SHOW_CUSTOM_STATS="1")

    return start


def test_one_target_is_started_shown_and_waited_for(role: Runner, emulator: Emulator) -> None:
    options = {"parameters": {"Retention": 30}, "accept_language": "en"}
    done = role(provisioned_product_name="orders-db", service_action_name="Backup", **options)
    assert done.code == 0, done.output
    record = emulator.records()[0]["RecordId"]
    assert done.result["record_detail"]["status"] == "SUCCEEDED"
    assert done.result["record_outputs"] == {"SnapshotId": f"snap-{record}"}
    assert (done.result["changed"], done.result["outcome"]) == (True, "succeeded")
    assert emulator.records()[0]["Parameters"] == {"Retention": ["30"]}
    change = done.result["change_id"]
    assert f'run the same again with run_service_action_change_id: "{change}"] ***' in done.output
    assert f"(item={record})" in done.output.partition("Wait for the record")[0]
    assert done.output.count("TASK [selfservice.aws.run_service_action : ") <= 8
    assert done.stats["record_ids"] == [record]
    assert (done.stats["succeeded"], done.stats["failed_hosts"]) == (1, [])


def test_a_failed_record_fails_the_play_and_is_still_published(role: Runner, emulator: Emulator) -> None:
    done = role(provisioned_product_id=ORDERS, service_action_name="Failover")
    assert done.code == 2
    assert "AutomationExecutionFailed" in done.output
    stats = done.stats
    assert stats["record_ids"] == [emulator.records()[0]["RecordId"]]
    assert (stats["failed"], stats["failed_hosts"], stats["remaining"]) == (1, ["localhost"], [])


def test_a_start_with_an_unknown_action_fails_without_a_record(role: Runner, emulator: Emulator) -> None:
    done = role(provisioned_product_name="orders-db", service_action_name="Nothing", change_id="CHG 1")
    assert done.code == 2
    assert "Existing ones: Backup, Failover, Restart, RotatePassword." in done.output
    assert done.stats["record_ids"] == []
    assert not emulator.records()


def test_a_change_runs_once_and_a_new_change_runs_again(role: Runner, emulator: Emulator) -> None:
    for product in ({"provisioned_product_name": "orders-db"}, {"provisioned_product_id": ORDERS}):
        done = role(service_action_name="Backup", change_id="Change 1/ä", **product)
        assert done.code == 0, done.output
        # A replay within 2 s of its start counts as new, and under load within a few more.
        emulator.advance(60)
    assert len(emulator.records()) == 1
    assert done.result["changed"] is False
    role(provisioned_product_id=ORDERS, service_action_name="Backup", change_id="Change 2")
    role(provisioned_product_id=ORDERS, service_action_name="Backup", change_id="Change 2", parameters={"Retention": 1})
    role(provisioned_product_id=ORDERS, service_action_name="Restart", change_id="Change 2")
    assert len(emulator.records()) == 4


def test_what_a_change_has_failed_at_is_retried_on_request(role: Runner, emulator: Emulator) -> None:
    given = {"service_action_name": "Failover", "change_id": "CHG-1", "provisioned_product_id": ORDERS}
    for retry, records in ((False, 1), (False, 1), (True, 2)):
        assert role(**given, retry_failed=retry).code != 0
        assert len(emulator.records()) == records
        emulator.advance(60)


def test_a_busy_product_is_waited_for_on_request(role: Runner, emulator: Emulator, busy: Callable[[str], None]) -> None:
    given = {"service_action_name": "Restart", "change_id": "CHG-1", "provisioned_product_id": ORDERS}
    emulator.update_product(ORDERS, change={"seconds": 1000})
    late = role(**given, wait_until_available=True, wait_timeout=3)
    assert late.code == 2
    assert "did not become available within 3 s" in late.output
    emulator.reset()
    busy(ORDERS)
    done = role(**given, wait_until_available="yes")
    assert done.code == 0, done.output
    assert len(emulator.records()) == 1
    assert len({call["parameters"]["ExecuteToken"] for call in emulator.calls(EXECUTE)}) == 1


def test_one_timeout_of_the_role_covers_both_waits(
    role: Runner, emulator: Emulator, busy: Callable[[str], None]
) -> None:
    emulator.update_product(ORDERS, run={"seconds": 1000})
    busy(ORDERS)
    done = role(
        provisioned_product_id=ORDERS, service_action_name="Restart", wait_until_available=True, wait_timeout=20
    )
    assert done.code == 2
    refused, *_more, started = (call["time"] for call in emulator.calls(EXECUTE))
    (seconds,) = re.findall(r"had not ended after (\d+) s", done.output)[:1]
    assert int(seconds) <= 20 - (started - refused)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ([("DescribeProvisionedProduct", "slow", {"seconds": 20}), (EXECUTE, "hang", {})], "may have started"),
        ([("DescribeRecord", "hang", {})], "To continue, run the same again"),
        ([(EXECUTE, "slow", {"seconds": 12}), ("DescribeRecord", "hang", {})], "The start took all of wait_timeout."),
    ],
    ids=["slow read, start hangs", "poll hangs", "slow start"],
)
def test_whatever_hangs_the_role_ends_30_seconds_after_its_timeout(
    role: Runner, emulator: Emulator, faults: list[tuple[str, str, dict[str, float]]], words: str
) -> None:
    for operation, kind, options in faults:
        emulator.fault(operation, kind, **options)
    started = time.monotonic()
    done = role(provisioned_product_name="orders-db", service_action_name="Restart", wait_timeout=3)
    # Includes the start and the end of Ansible and of two modules.
    assert time.monotonic() - started < 3 + 30 + 12
    assert done.code == 2
    assert words in re.sub(r"\s+", " ", done.output)
    assert done.stats["succeeded"] == 0


def test_check_mode_starts_nothing_and_completes(role: Runner, emulator: Emulator, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    for options in ({}, {"change_id": "c-1"}, {"change_id": "c-1", "retry_failed": True}, {"retry_failed": True}):
        done = role(
            "--check", service_action_name="Backup", report=str(report), provisioned_product_id=ORDERS, **options
        )
        assert done.code == 0, done.output
        assert done.result["outcome"] == "would_start"
        assert (done.stats["would_start"], done.stats["remaining"]) == (1, [])
    assert not emulator.calls(EXECUTE)
    assert not report.exists()


def test_answers_given_as_text_are_converted(run: Runner, emulator: Emulator) -> None:
    answers = {
        "provisioned_product_id": "",
        "provisioned_product_name": "billing-db",
        "run_service_action_service_action_id": "",
        "run_service_action_service_action_name": "Restart",
        "run_service_action_change_id": "",
        "run_service_action_wait": "true",
        "run_service_action_wait_timeout": "600",
        "run_service_action_wait_delay": "0.5",
        "run_service_action_max_concurrency": "50%",
        "run_service_action_max_errors": "1",
        "run_service_action_region": "",
        "run_service_action_accept_language": "en",
    }
    done = run("ansible-playbook", "selfservice.aws.run_service_action", "-e", json.dumps(answers))
    assert done.code == 0, done.output
    assert [(record["ProvisionedProductName"], record["Status"]) for record in emulator.records()] == [
        ("billing-db", "SUCCEEDED")
    ]


def test_survey_answers_become_parameters_and_are_never_templated(
    run: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    extra = {
        "provisioned_product_id": ORDERS,
        "run_service_action_service_action_name": "Backup",
        "run_service_action_survey": {
            "texts": {"answer_retention": "Retention", "answer_target": "TARGET"},
            "lists": {"answer_tables": "Tables"},
        },
        "answer_retention": {"__ansible_unsafe": HOSTILE},
        "answer_target": {"__ansible_unsafe": ""},
        "answer_tables": {"__ansible_unsafe": "one\n two \n\n{{ 7 * 7 }}"},
    }
    (tmp_path / "extravars").write_text(json.dumps(extra))
    done = run("ansible-playbook", "selfservice.aws.run_service_action", "-e", "@extravars")
    assert done.code == 0, done.output
    assert emulator.records()[0]["Parameters"] == {"Retention": [HOSTILE], "Tables": ["one", "two", "{{ 7 * 7 }}"]}


def test_a_secret_answer_is_masked_everywhere(run: Runner, emulator: Emulator, tmp_path: Path) -> None:
    secret = "Tr0ub4dor&3 {{ not templated }}"
    extra = {
        "provisioned_product_id": ORDERS,
        "run_service_action_service_action_name": "RotatePassword",
        "run_service_action_report": str(tmp_path / "report.html"),
        "run_service_action_survey": {"secrets": {"answer_password": "NewPassword"}},
        "answer_password": {"__ansible_unsafe": secret},
    }
    (tmp_path / "extravars").write_text(json.dumps(extra))
    done = run("ansible-playbook", "selfservice.aws.run_service_action", "-e", "@extravars", "-vvv")
    assert done.code == 0, done.output
    assert emulator.records()[0]["Parameters"] == {"NewPassword": [secret]}
    assert "Tr0ub4dor" not in done.output + (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provisioned_product_id": ORDERS, "provisioned_product_name": "x"}, "Set either provisioned_product_id or"),
        (
            {"provisioned_product_id": ORDERS, "service_action_id": "act-1"},
            "Set either run_service_action_service_action_id",
        ),
        ({}, "The host has neither the variable provisioned_product_id nor provisioned_product_name"),
        ({"provisioned_product_id": ORDERS, "wait": "perhaps"}, "'wait' is of type"),
        ({"provisioned_product_id": ORDERS, "accept_language": "de"}, "accept_language must be one of: en, jp, zh"),
    ],
    ids=["two targets", "two actions", "no target", "no boolean", "no language"],
)
def test_invalid_input_is_reported_before_any_call(
    role: Runner, emulator: Emulator, options: dict[str, Any], message: str
) -> None:
    done = role(service_action_name="Restart", **options)
    assert done.code == 2
    assert message in re.sub(r"\s+", " ", done.output)
    assert not emulator.calls()


def test_what_aws_returns_is_never_templated(role: Runner, emulator: Emulator, tmp_path: Path) -> None:
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    run_of = {
        "seconds": 1,
        "ends": "FAILED",
        "outputs": {"Log": HOSTILE},
        "errors": [{"code": "X", "description": HOSTILE}],
    }
    product = {"id": ORDERS, "name": "web", "product": "prod-1", "artifact": "pa-1"}
    world = {
        "service_actions": [{"id": "act-1", "name": "Restart", "run": run_of}],
        "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
        "provisioned_products": [product],
    }
    emulator.reset(world)
    report = tmp_path / "report.html"
    done = role(service_action_id="act-1", report=str(report), provisioned_product_id=ORDERS)
    assert done.code == 2
    assert "pipe" in done.output
    assert "lookup(&#39;pipe&#39;" in report.read_text()
    assert "templated" not in (done.output + report.read_text()).replace("echo templated", "")
