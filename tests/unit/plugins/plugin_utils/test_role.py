# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's decisions: options, targets, batches, and the result of each host."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.selfservice.aws.plugins.plugin_utils._role import batch, options, results

EMPTY = dict.fromkeys(options.OPTIONS, "")
HOST = {
    "refusal": None,
    "secrets": "",
    "secret_names": ["Password"],
    "target": {"provisioned_product_id": "pp-1", "parameters": {"Mode": "hard"}},
    "options": {"region": "us-east-1"},
}
RECORD = {"record_id": "rec-1", "status": "SUCCEEDED"}
OUTPUTS = {"record_outputs": {"Id": "2"}, "record_output_list": [{"key": "Id", "value": "2", "description": None}]}
SUCCEEDED = {"outcome": "succeeded", "changed": True, "record_detail": RECORD, **OUTPUTS, "msg": None}
STARTED = {**SUCCEEDED, "outcome": "started", "error": None, "record_outputs": {}, "record_output_list": []}


def results_of(
    number: int, run: dict[str, Any], waited: dict[str, Any] | None = None, refusal: str | None = None
) -> dict[str, Any]:
    """Return the results of the hosts a and b, or only a, for these results of the modules."""
    names = "ab"[:number]
    registered = results.Registered({name: names.index(name) for name in names}, refusal, run, waited or {})
    return {name: registered.result_of(name, HOST) for name in names}


def host(**target: Any) -> dict[str, Any]:
    return {**HOST, "target": target}


def test_options_that_a_survey_left_empty_get_their_defaults() -> None:
    found = options.read_options({**EMPTY, "service_action_name": "Restart", "wait_timeout": None})
    assert found == {
        "service_action_name": "Restart",
        "parameters": {},
        "retry_failed": False,
        "wait_until_available": False,
        "wait": True,
        "wait_timeout": 1800,
        "max_concurrency": "50",
        "max_errors": "0",
        "report_json": False,
        "ignore_failures": False,
    }


def test_strings_are_converted_to_the_types_of_the_options() -> None:
    texts = {"wait": "no", "wait_timeout": "60", "wait_delay": "0.5", "max_errors": 3, "service_action_id": "act-1"}
    found = options.read_options({**EMPTY, **texts})
    assert [found[name] for name in texts] == [False, 60, 0.5, "3", "act-1"]


@pytest.mark.parametrize(
    ("given", "adds_date", "change"),
    [
        ("CHG-1", False, "CHG-1"),
        # In the quotes in which the role prints it.
        ('"CHG-1"', False, "CHG-1"),
        (json.dumps('a "b" \u00e9'), False, 'a "b" \u00e9'),
        (4711, False, 4711),
        ('"', False, '"'),
        ('"a" or "b"', False, '"a" or "b"'),
        ("CHG-1", True, "CHG-1@2030-01-31"),
        (4711, True, "4711@2030-01-31"),
        # An id with an earlier date continues that change.
        ('"CHG-1@2030-01-30"', True, "CHG-1@2030-01-30"),
        # A date that is part of the user's own id doesn't count.
        ("patch-2030-01-30", True, "patch-2030-01-30@2030-01-31"),
    ],
)
def test_a_printed_change_id_is_accepted_and_gets_the_date_if_requested(
    given: Any, adds_date: bool, change: Any
) -> None:
    assert options.read_change(given, adds_date=adds_date, today="2030-01-31") == change
    read = options.read_options({**EMPTY, "service_action_id": "act-1", "change_id": given})
    assert read["change_id"] == options.read_change(given, adds_date=False)


@pytest.mark.parametrize("given", [{"service_action_id": "a", "service_action_name": "b"}, {}, {"wait": "perhaps"}])
def test_invalid_options_of_the_role_are_rejected(given: dict[str, Any]) -> None:
    with pytest.raises(options.RoleError):
        options.read_options({**EMPTY, **given})


def test_the_defaults_of_the_role_are_those_of_its_code_and_its_documentation(request: pytest.FixtureRequest) -> None:
    role = request.config.rootpath / "roles" / "run_service_action"
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    documented = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    given = {name: defaults[f"run_service_action_{name}"] for name in options.OPTIONS}
    read = options.read_options({**given, "service_action_id": "act-1"})
    assert read == options.read_options({**EMPTY, "service_action_id": "act-1"})
    answers = {f"run_service_action_{name}" for name in ("answers", "secret_answers")}
    assert set(documented) == set(defaults) - answers
    assert all(spec.get("default", "") == defaults[name] for name, spec in documented.items())


@pytest.mark.parametrize(
    "given", ["Mode=x", ["hunter2"], {"Pin": "Z#7"}, {"Flag": True}, {"Password": {"a": "hunter2"}}]
)
def test_secrets_that_can_not_be_masked_are_rejected_without_quoting_them(given: Any) -> None:
    with pytest.raises(options.RoleError) as refused:
        options.check_secrets(given)
    assert "hunter2" not in str(refused.value)
    assert "Z#7" not in str(refused.value)


def test_later_secrets_replace_earlier_ones() -> None:
    assert options.check_secrets({"A": "first", "B": "other"}, "", {"A": "later"}) == {"A": "later", "B": "other"}


@pytest.mark.parametrize(
    ("given", "extra", "own", "expected"),
    [
        (("pp-1", ""), {}, ("pp-1", None), {"provisioned_product_id": "pp-1"}),
        (("pp-1", "web"), {}, ("pp-1", "web"), {"provisioned_product_id": "pp-1"}),
        (("pp-1", "db"), {}, ("pp-1", "web"), {"provisioned_product_name": "db"}),
        (("pp-2", "web"), {}, ("pp-1", "web"), {"provisioned_product_id": "pp-2"}),
        (("pp-1", "web"), {"provisioned_product_name": "web"}, ("pp-1", "web"), {"provisioned_product_name": "web"}),
        (("", 7), {}, (None, None), {"provisioned_product_name": "7"}),
    ],
)
def test_the_value_set_closest_to_the_call_is_the_target(
    given: tuple[Any, Any], extra: dict[str, Any], own: tuple[Any, Any], expected: dict[str, str]
) -> None:
    named = dict(zip(options.PRODUCT, given))
    found = options.choose_target(named, extra=extra, own=dict(zip(options.PRODUCT, own)), play_hosts=["web-0"])
    assert found == expected


def test_a_batch_with_two_hosts_for_the_same_product_is_rejected() -> None:
    batch.check_batch({"a": host(provisioned_product_id="pp-1"), "b": host(provisioned_product_name="pp-1")})
    with pytest.raises(options.RoleError, match="a, b"):
        batch.check_batch({"a": host(provisioned_product_id="pp-1"), "b": host(provisioned_product_id="pp-1")})


@pytest.mark.parametrize(
    ("run", "outcome", "words"),
    [
        ({"msg": "max_errors is wrong."}, "not_started", "Nothing was started. max_errors is wrong."),
        (
            {"msg": "Nothing was started: no region.", "results": [{"outcome": "not_started", "msg": None}] * 2},
            "not_started",
            "Nothing was started: no region.",
        ),
        ({"msg": "x", "timedout": {}}, "timed_out", "may have started"),
        ({"msg": "The m action failed to execute in the expected time frame (5)"}, "timed_out", "may have started"),
        ({"msg": "MODULE FAILURE", "module_stdout": ""}, "timed_out", "may have started"),
    ],
)
def test_a_task_that_started_nothing_says_to_each_host_what_happened(
    run: dict[str, Any], outcome: str, words: str
) -> None:
    found = results_of(2, run=run)
    assert [item["outcome"] for item in found.values()] == [outcome] * 2
    assert words in found["a"]["msg"]
    assert found["a"]["provisioned_product_id"] == "pp-1"
    assert found["a"]["parameters"] == {"Mode": "hard", "Password": "********"}


@pytest.mark.parametrize(
    ("waited", "outcome"),
    [
        ({}, "started"),
        ({"records": [{**SUCCEEDED, "error": None}]}, "succeeded"),
        ({"records": [{**SUCCEEDED, "outcome": "unknown", "msg": "gone", "error": None}]}, "timed_out"),
        ({"records": [{**SUCCEEDED, "record_detail": {"record_id": "rec-of-another-call"}}]}, "started"),
        ({"failed": True, "msg": "cut off"}, "timed_out"),
    ],
)
def test_the_wait_decides_the_outcome_of_a_single_host(waited: dict[str, Any], outcome: str) -> None:
    found = results_of(1, run={"results": [STARTED]}, waited=waited)
    assert found["a"]["outcome"] == outcome


def test_a_rejected_batch_does_not_return_the_results_of_an_earlier_call() -> None:
    found = results_of(1, run={"results": [SUCCEEDED]}, refusal="No.")
    assert (found["a"]["outcome"], found["a"]["msg"]) == ("not_started", "No.")


def test_statistics_are_lists_and_numbers_with_additional_names_for_each_slice() -> None:
    items = [SUCCEEDED, {"outcome": "not_started"}]
    found = results_of(2, run={"results": items})
    statistics = results.statistics(found, 4711)
    assert statistics["run_service_action_record_ids"] == statistics["run_service_action_4711_record_ids"] == ["rec-1"]
    assert statistics["run_service_action_remaining"] == ["pp-1"]
    assert statistics["run_service_action_failed_hosts"] == ["b"]
    assert (statistics["run_service_action_succeeded"], statistics["run_service_action_not_started"]) == (1, 1)
    assert all(isinstance(value, (list, int)) for value in statistics.values())


@pytest.mark.parametrize(
    ("item", "change", "words"),
    [
        (
            {**SUCCEEDED, "outcome": "timed_out"},
            "CHG-1",
            'To continue, run the same again with run_service_action_change_id: "CHG-1".',
        ),
        (
            {**SUCCEEDED, "outcome": "not_started"},
            4711,
            "To continue, fix the cause and run the same again with run_service_action_change_id: 4711.",
        ),
        (
            {**SUCCEEDED, "outcome": "failed", "record_detail": {}},
            "CHG-1",
            "To continue, fix the cause and run the same again",
        ),
        ({**SUCCEEDED, "outcome": "failed"}, "CHG-1", '"CHG-1" and run_service_action_retry_failed: true.'),
        ({**SUCCEEDED, "outcome": "failed"}, None, "It failed. The end."),
    ],
)
def test_the_message_of_a_failed_host_says_how_to_continue(item: dict[str, Any], change: Any, words: str) -> None:
    explained = results.explained({**item, "msg": "It failed."}, "The end.", change)
    assert explained["msg"].startswith("It failed. The end.")
    assert words in explained["msg"]
    assert results.explained(SUCCEEDED, "The end.", change) == SUCCEEDED


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"changed": False, "record_detail": {}, "msg": "No such product."}, "No such product. Nothing was started."),
        ({"changed": True, "record_detail": {}, "msg": "The answer was lost."}, "The answer was lost."),
        ({"changed": False, "record_detail": RECORD, "msg": "Failed before."}, "Failed before."),
        (
            {"changed": False, "record_detail": {}, "msg": "Nothing was started by this run."},
            "Nothing was started by this run.",
        ),
    ],
)
def test_a_host_that_was_not_started_says_so(item: dict[str, Any], words: str) -> None:
    found = results_of(1, run={"results": [{"outcome": "failed", **item}]})
    assert found["a"]["msg"] == words


def test_internal_modules_fail_outside_of_the_role() -> None:
    with pytest.raises(AnsibleActionFail, match="Use the role"):
        batch.registered({}, batch.HOST)
