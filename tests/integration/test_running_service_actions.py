# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as users run it: in playbooks and ad hoc."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator

Play = Callable[..., Any]
MODULE = "selfservice.aws.servicecatalog_service_action"
RESTART = f"{MODULE}: {{provisioned_product_id: pp-orders0000001, service_action_id: act-restart000001"
SECRET = "s3cr3t-Value/1234"


def test_a_start_by_ids_without_wait_takes_one_call_in_the_whole_process(run: Play, emulator: Emulator) -> None:
    arguments = "provisioned_product_id=pp-orders0000001 service_action_id=act-restart000001"
    done = run("ansible", "localhost", "-m", MODULE, "-a", arguments)
    assert done.code == 0, done.output
    assert [call["operation"] for call in emulator.calls()] == ["ExecuteProvisionedProductServiceAction"]
    shown = json.loads(done.output.split("=>", 1)[1])
    assert shown["changed"] is True
    assert shown["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]


def test_a_failed_record_is_readable_ad_hoc(run: Play, emulator: Emulator) -> None:
    arguments = "provisioned_product_name=orders-db service_action_name=Failover wait=true"
    done = run("ansible", "localhost", "-m", MODULE, "-a", arguments)
    assert done.code == 2
    for word in (emulator.records()[0]["RecordId"], "AutomationExecutionFailed", "hints", "change_id"):
        assert word in done.output
    assert "Traceback" not in done.output


def test_a_failure_registers_the_same_values_as_a_success(play: Play, emulator: Emulator) -> None:
    done = play(f"""
        - {MODULE}: {{provisioned_product_name: orders-db, service_action_name: Failover, wait: true}}
          register: result
          ignore_errors: true
        """)
    assert done.result["failed"] is True
    assert done.result["changed"] is True
    assert done.result["record_detail"]["status"] == "FAILED"
    assert done.result["record_outputs"]
    assert done.result["execute_token"] == emulator.records()[0]["ExecuteToken"]


def test_a_timed_out_task_is_resumed_by_its_change(play: Play, emulator: Emulator) -> None:
    first = play(f"""
        - {RESTART}, wait: true, wait_timeout: 0}}
          register: result
          ignore_errors: true
        """).result
    assert (first["failed"], first["changed"]) == (True, True)
    assert first["change_id"] in first["msg"]
    # A replay within 2 s would count as new.
    emulator.advance(60)
    done = play(f"""
        - {RESTART}, wait: true, change_id: {first["change_id"]}}}
          register: result
        """)
    assert done.code == 0, done.output
    assert done.result["changed"] is False
    assert done.result["record_detail"]["record_id"] == first["record_detail"]["record_id"]
    assert done.result["record_detail"]["status"] == "SUCCEEDED"
    assert len(emulator.records()) == 1


def test_the_record_is_set_as_a_fact(play: Play) -> None:
    done = play(
        f"""
        - {RESTART}, wait: true}}
          register: result
        - ansible.builtin.assert:
            that: ansible_facts.servicecatalog_record_detail == result.record_detail
        """,
        ANSIBLE_INJECT_FACT_VARS="0",
    )
    assert done.code == 0, done.output


def test_a_wait_by_name_updates_the_fact_that_the_start_has_set(play: Play) -> None:
    done = play(f"""
        - {RESTART}}}
          register: started
        - selfservice.aws.servicecatalog_record_wait: {{provisioned_product_name: orders-db}}
          register: result
        - ansible.builtin.assert:
            that:
              - ansible_facts.servicecatalog_record_detail.record_id == started.record_detail.record_id
              - ansible_facts.servicecatalog_record_detail.status == 'SUCCEEDED'
        """)
    assert done.code == 0, done.output
    assert done.result["changed"] is False


def test_singular_names_and_single_values_work_for_lists(play: Play) -> None:
    done = play(f"""
        - {RESTART}}}
          register: started
        - selfservice.aws.servicecatalog_record_wait: {{record_id: "{{{{ started.record_detail.record_id }}}}"}}
        - selfservice.aws.servicecatalog_record_info: {{record_id: "{{{{ started.record_detail.record_id }}}}"}}
          register: by_id
        - selfservice.aws.servicecatalog_record_info: {{status: SUCCEEDED, provisioned_product_name: orders-db}}
          register: by_status
        - selfservice.aws.servicecatalog_provisioned_product_info:
            provisioned_product_id: pp-orders0000001
            outputs: true
          register: one
        - selfservice.aws.servicecatalog_service_action_bulk:
            provisioned_product_name: billing-db
            service_action_name: Restart
          register: result
        - ansible.builtin.assert:
            that:
              - by_id.records | length == by_status.records | length == 1
              - one.provisioned_products[0].outputs.Port == '5432'
              - result.results[0].provisioned_product_name == 'billing-db'
        """)
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output


def test_the_id_of_a_start_that_check_mode_did_not_make_is_not_waited_for(play: Play, emulator: Emulator) -> None:
    done = play(
        f"""
        - {RESTART}}}
          register: started
        - selfservice.aws.servicecatalog_record_wait: {{record_id: "{{{{ started.record_detail.record_id }}}}"}}
          register: result
        """,
        "--check",
    )
    assert done.code == 0, done.output
    assert done.result["records"] == []
    assert emulator.records() == []


@pytest.mark.parametrize(
    ("module", "params", "message"),
    [
        ("record_wait", "record_id: rec-1, provisioned_product_name: x", "are mutually exclusive: record_ids|"),
        ("record_wait", "wait_timeout: 1", "one of the following is required: record_ids, provisioned_product_id"),
        ("record_info", "provisioned_product_id: x, provisioned_product_name: x", "are mutually exclusive"),
        ("record_info", "record_id: rec-1, provisioned_product_name: x", "are mutually exclusive"),
        ("record_info", "status: [FAILED, DONE]", "value of status must be one or more of: CREATED, "),
        ("provisioned_product_info", "provisioned_product_id: x, tags: {a: b}", "are mutually exclusive"),
        ("service_action_bulk", "targets: [], tags: {a: b}, service_action_id: x", "are mutually exclusive"),
        ("service_action_bulk", "tags: {a: true}, service_action_id: x", "is True, which is not a string; quote it"),
    ],
)
def test_contradictory_options_are_rejected_before_any_call(
    play: Play, emulator: Emulator, module: str, params: str, message: str
) -> None:
    done = play(f"""
        - selfservice.aws.servicecatalog_{module}: {{{params}}}
          register: result
          ignore_errors: true
        """)
    assert message in done.result["msg"]
    assert emulator.calls() == []


def test_check_mode_and_diff_work_in_a_playbook(play: Play, emulator: Emulator) -> None:
    done = play(f"- {RESTART}, parameters: {{Mode: forced}}}}\n  register: result", "--check", "--diff")
    assert done.code == 0, done.output
    assert emulator.records() == []
    assert done.result["changed"] is True
    assert "graceful" in done.output
    assert "forced" in done.output


def test_module_defaults_of_the_group_apply(play: Play, emulator: Emulator) -> None:
    done = play(
        f"""
        - module_defaults:
            group/selfservice.aws.aws:
              endpoint_url: {emulator.url}
              region: eu-west-1
          block:
            - {RESTART}}}
              register: result
        """,
        AWS_ENDPOINT_URL="http://127.0.0.1:1",
        AWS_REGION="",
    )
    assert done.code == 0, done.output
    assert len(emulator.records()) == 1


def test_async_tasks_return_the_record(play: Play) -> None:
    done = play(f"- {RESTART}, wait: true}}\n  register: result\n  async: 60\n  poll: 1")
    assert done.code == 0, done.output
    assert done.result["record_detail"]["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("provisioned_product_id: x", "one of the following is required: service_action_id, service_action_name"),
        ("provisioned_product_id: x, provisioned_product_name: x, service_action_id: x", "mutually exclusive"),
        (
            "provisioned_product_id: 'a b', service_action_id: x",
            "provisioned_product_id must have only letters, digits, '_' and '-', not 'a b'",
        ),
        ("provisioned_product_id: x, service_action_id: x, parameters: {A: null}", "parameters has null for 'A'"),
        ("provisioned_product_id: x, service_action_id: x, accept_language: de", "must be one of: en, jp, zh"),
        ("provisioned_product_id: x, service_action_id: x, aws_config: {speed: 1}", "aws_config is invalid"),
    ],
)
def test_invalid_input_is_rejected_before_any_call(play: Play, emulator: Emulator, params: str, message: str) -> None:
    done = play(f"- {MODULE}: {{{params}}}\n  register: result\n  ignore_errors: true")
    assert message in done.result["msg"]
    assert "Traceback" not in done.output
    assert emulator.calls() == []


@pytest.mark.parametrize(
    "given",
    [
        f"{{NewPassword: '{SECRET}'}}",
        f"'NewPassword={SECRET}'",
        f"""'{{"NewPassword": ["{SECRET}"]}}'""",
    ],
    ids=["dict", "key=value", "JSON"],
)
@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "echoed"])
def test_a_secret_is_masked_everywhere(play: Play, emulator: Emulator, given: str, fails: bool) -> None:
    name = "TARGET" if fails else "NewPassword"
    done = play(
        f"""
        - {MODULE}:
            provisioned_product_name: orders-db
            service_action_name: RotatePassword
            sensitive_parameters: "{{{{ secret_option }}}}"
            wait: true
          register: result
          ignore_errors: true
        - ansible.builtin.debug:
            var: result
        """,
        "-vvv",
        "--diff",
        "-e",
        json.dumps({"secret_option": yaml.safe_load(given.replace("NewPassword", name))}),
    )
    assert SECRET not in done.output
    assert SECRET not in json.dumps(done.result)
    sent = [call["parameters"] for call in emulator.calls("ExecuteProvisionedProductServiceAction")]
    assert sent[0]["Parameters"] == {name: [SECRET]}
    assert done.result["failed"] is fails
    if fails:
        assert "********" in done.result["msg"]
    else:
        assert done.result["record_detail"]["record_id"] == emulator.records()[0]["RecordId"]
        assert done.result["record_detail"]["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "given", [f"NewPassword={SECRET}", f'{{"NewPassword": "{SECRET}"}}'], ids=["key=value", "JSON"]
)
def test_a_secret_is_masked_everywhere_ad_hoc(run: Play, emulator: Emulator, given: str) -> None:
    arguments = {
        "provisioned_product_name": "orders-db",
        "service_action_name": "RotatePassword",
        "sensitive_parameters": given,
    }
    done = run("ansible", "localhost", "-vvv", "-m", MODULE, "-a", json.dumps(arguments))
    assert done.code == 0, done.output
    assert SECRET not in done.output
    assert emulator.records()[0]["RecordId"] in done.output


def test_a_secret_that_is_too_short_is_rejected_with_a_readable_message(
    play: Play, emulator: Emulator, tmp_path: Path
) -> None:
    # Written to a file, since ansible-core 2.22 masks each such letter in its output.
    play(f"""
        - {RESTART}, sensitive_parameters: {{Mode: a}}}}
          register: rejected
          ignore_errors: true
        - ansible.builtin.copy: {{content: "{{{{ rejected.msg }}}}", dest: "{tmp_path}/message"}}
        """)
    assert "under 4 characters for 'Mode'" in (tmp_path / "message").read_text()
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("operation", "kind", "options", "message"),
    [
        ("DescribeRecord", "hang", {}, "was not seen to end within 3 s"),
        ("DescribeRecord", "trickle", {"seconds": 1}, "was not seen to end within 3 s"),
        ("ExecuteProvisionedProductServiceAction", "hang", {}, "may have started"),
    ],
)
def test_a_call_that_hangs_or_trickles_adds_at_most_30_seconds(
    play: Play, emulator: Emulator, operation: str, kind: str, options: dict[str, Any], message: str
) -> None:
    emulator.fault(operation, kind, **options)
    started = time.monotonic()
    done = play(f"- {RESTART}, wait: true, wait_timeout: 3}}\n  register: result\n  ignore_errors: true")
    took = time.monotonic() - started
    assert message in done.result["msg"]
    assert done.result["changed"] is True
    assert bool(done.result["record_detail"]["record_id"]) == (operation == "DescribeRecord")
    assert took < 3 + 30 + 10  # Includes the start and the end of Ansible.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_bulk_run_whose_polls_hang(
    kill: Callable[..., str], emulator: Emulator, product_hosts: Callable[..., Any], number: signal.Signals
) -> None:
    ids = [host["provisioned_product_id"] for host in product_hosts(6, seconds=4000).values()]
    for operation in ("DescribeRecord", "ListRecordHistory"):
        emulator.fault(operation, "hang")
    arguments = json.dumps({"provisioned_product_ids": ids, "service_action_id": "act-1", "wait": True})
    times: list[float] = []

    def polls() -> bool:
        times.append(time.monotonic())
        return bool(emulator.calls("ListRecordHistory"))

    command = ["ansible", "localhost", "-m", "selfservice.aws.servicecatalog_service_action_bulk", "-a", arguments]
    output = kill(polls, *command, who="module", number=number)
    assert time.monotonic() - times[-1] < 10
    assert f"{number.name} ended this process" in output
    assert all(record["RecordId"] in output for record in emulator.records())
    assert len(emulator.records()) == 6


def test_a_task_waits_for_a_busy_product_and_starts_one_action(
    play: Play, emulator: Emulator, busy: Callable[[str], None]
) -> None:
    busy("pp-orders0000001")
    done = play(
        f"""
        - {RESTART}, wait: true, wait_until_available: true, change_id: CHG-1}}
          register: result
        """,
        ANSIBLE_CALLBACKS_ENABLED="selfservice.aws.progress",
    )
    assert done.code == 0, done.output
    assert (done.result["changed"], done.result["record_detail"]["status"]) == (True, "SUCCEEDED")
    (record,) = emulator.records()
    calls = [call for call in emulator.calls() if call["operation"] == "ExecuteProvisionedProductServiceAction"]
    assert [call["parameters"]["ExecuteToken"] for call in calls] == [record["ExecuteToken"]] * 2
    assert "orders-db is UNDER_CHANGE, waiting to start act-restart000001" in done.output


def test_a_product_that_stays_busy_fails_the_task_at_its_deadline(play: Play, emulator: Emulator) -> None:
    emulator.update_product("pp-orders0000001", change={"seconds": 1000})
    began = time.monotonic()
    done = play(f"""
        - {RESTART}, wait_until_available: true, wait_timeout: 3, change_id: CHG-1}}
          register: result
          ignore_errors: true
        """)
    assert time.monotonic() - began < 60
    assert (done.result["failed"], done.result["changed"]) == (True, False)
    assert "did not become available within 3 s (wait_timeout)." in done.result["msg"]
    assert done.result["msg"].endswith("To continue, run this task again with change_id: CHG-1.")
    assert emulator.records() == []


def test_many_wait_for_busy_products_while_others_run(
    play: Play, emulator: Emulator, busy: Callable[[str], None]
) -> None:
    busy("pp-orders0000001")
    done = play(f"""
        - {MODULE}_bulk:
            provisioned_product_names: [orders-db, billing-db]
            service_action_name: Restart
            max_concurrency: "1"
            wait_until_available: true
          register: result
        """)
    assert done.code == 0, done.output
    assert [each["outcome"] for each in done.result["results"]] == ["succeeded", "succeeded"]
    started = [record["ProvisionedProductId"] for record in emulator.records()]
    assert started == ["pp-billing000001", "pp-orders0000001"]


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
@pytest.mark.parametrize("module", [MODULE, f"{MODULE}_bulk"])
def test_a_signal_ends_the_wait_for_a_busy_product_at_once(
    kill: Callable[..., str], run: Play, emulator: Emulator, tmp_path: Path, module: str, name: str
) -> None:
    target = "provisioned_product_ids" if module.endswith("bulk") else "provisioned_product_id"
    given = {target: "pp-orders0000001", "service_action_id": "act-restart000001", "change_id": "CHG-1"}
    tasks = [{module: {**given, "wait": False, "wait_until_available": True}}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    emulator.update_product("pp-orders0000001", change={"seconds": 1000})
    # The signal comes while a read hangs.
    emulator.fault("DescribeProvisionedProduct", "hang")
    signalled = []

    def is_waiting() -> bool:
        signalled[:] = [time.monotonic()]
        return "DescribeProvisionedProduct" in [call["operation"] for call in emulator.calls()]

    output = kill(is_waiting, "ansible-playbook", "play.yml", who="module", number=signal.Signals[f"SIG{name}"])
    assert time.monotonic() - signalled[0] < 10
    assert f"SIG{name} ended this process." in output
    assert "run this task again with change_id: CHG-1" in output
    assert "was not started" in output or "1 not started" in output
    assert emulator.records() == []
    emulator.clear_faults()
    emulator.update_product("pp-orders0000001", change={"seconds": 1})
    assert run("ansible-playbook", "play.yml").code == 0
    assert len(emulator.records()) == 1
