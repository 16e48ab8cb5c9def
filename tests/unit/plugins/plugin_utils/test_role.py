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
    "target": {"provisioned_product_id": "pp-1", "parameters": {"Mode": "hard"}},
    "parameters": {"Mode": "hard", "Password": "********"},
    "options": {"region": "us-east-1", "wait": True},
}
RECORD = {"record_id": "rec-1", "status": "SUCCEEDED"}
OUTPUTS = {"record_outputs": {"Id": "2"}, "record_output_list": [{"key": "Id", "value": "2", "description": None}]}
SUCCEEDED = {"outcome": "succeeded", "changed": True, "record_detail": RECORD, **OUTPUTS, "msg": None}
STARTED = {**SUCCEEDED, "outcome": "started", "error": None, "record_outputs": {}, "record_output_list": []}
BUG = "This is a bug of selfservice.aws; please report it."


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


@pytest.mark.parametrize(
    ("given", "is_refused"),
    [
        ({"change_id": "CHG-1", "change_id_adds_date": "true"}, True),
        ({"change_id": "CHG-1@2030-01-30", "change_id_adds_date": "true"}, False),
        ({"change_id": "CHG-1"}, False),
        ({"change_id_adds_date": "true"}, False),
    ],
)
def test_a_relaunched_job_gets_no_other_date_than_the_job_before(given: dict[str, Any], is_refused: bool) -> None:
    action = {**EMPTY, "service_action_id": "act-1", **given}
    assert options.read_options(action)
    if is_refused:
        with pytest.raises(options.RoleError, match="shows: CHG-1@, followed by its date"):
            options.read_options(action, is_relaunch=True)
    else:
        assert options.read_options(action, is_relaunch=True) == options.read_options(action)


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
    "given",
    [
        "Mode=x",
        ["hunter2"],
        {"Pin": "Z#7"},
        {"Flag": True},
        {"Password": {"a": "hunter2"}},
        {"Flag": " True"},
        {"Flags": ["hunter2", "false"]},
        {"Password": None},
    ],
)
def test_secrets_that_can_not_be_masked_are_rejected_without_quoting_them(given: Any) -> None:
    with pytest.raises(options.RoleError) as refused:
        options.check_secrets(given)
    assert "hunter2" not in str(refused.value)
    assert "Z#7" not in str(refused.value)


def test_later_secrets_replace_earlier_ones() -> None:
    assert options.check_secrets({"A": "first", "B": "other"}, "", {"A": "later"}) == {"A": "later", "B": "other"}


@pytest.mark.parametrize(
    ("parameters", "shown", "hides"),
    [
        ({"Mode": "hard", "Tries": 3, "All": ["a", 1]}, {"Mode": "hard", "Tries": 3, "All": ["a", 1]}, False),
        ({"Url": "db://app:hunter2hunter2@db"}, {"Url": "db://app:********@db"}, True),
        ({"All": ["a", "HUNTER2HUNTER2"]}, {"All": ["a", "********"]}, True),
        ({"Wrong": {"a": "hunter2hunter2"}}, {"Wrong": "{'a': '********'}"}, True),
        ({"Pin": 12345678}, {"Pin": "********"}, True),
        ({"x 12345678": 1, "x hunter2hunter2": 2}, {"x ********": 1, "x ******** (2)": 2}, True),
        # Its value is not sent, because that of the sensitive parameter takes precedence.
        ({"Password": "other"}, {}, False),
        ({"Password": "hunter2hunter2"}, {}, True),
    ],
)
def test_secrets_are_masked_in_the_other_parameters(
    parameters: dict[str, Any], shown: dict[str, Any], hides: bool
) -> None:
    secrets = options.check_secrets({"Password": "hunter2hunter2", "Code": [12345678]})
    found = options.display(parameters, secrets, options.masker_of(secrets))
    masked = dict.fromkeys(("Password", "Code"), "********")
    assert found == {"parameters": {**shown, **masked}, "has_secrets": hides}


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
    batch.check_batch({"a": host(provisioned_product_id="pp-1"), "b": host(provisioned_product_name="pp-1")}, ".")
    with pytest.raises(options.RoleError, match="a, b"):
        batch.check_batch({"a": host(provisioned_product_id="pp-1"), "b": host(provisioned_product_id="pp-1")}, ".")


@pytest.mark.parametrize(
    ("run", "outcome", "words"),
    [
        ({"msg": "max_errors is wrong. Nothing was started."}, "not_started", "max_errors is wrong. Nothing was"),
        ({"msg": "Of 2 targets: 2 not started. This run started nothing."}, "not_started", "This run started nothing."),
        (
            {"msg": "Nothing was started: no region.", "results": [{"outcome": "not_started", "msg": None}] * 2},
            "not_started",
            "Nothing was started: no region.",
        ),
        ({"msg": "x", "timedout": {}}, "timed_out", "may have started"),
        ({"msg": "The m action failed to execute in the expected time frame (5)"}, "timed_out", "may have started"),
        ({"msg": "MODULE FAILURE", "module_stdout": ""}, "timed_out", "may have started"),
        ({"msg": f"KeyError: 1. {BUG}"}, "timed_out", "may have started"),
        (
            {"msg": f"Nothing was started: 1. {BUG}", "results": [{"outcome": "not_started", "msg": None}] * 2},
            "timed_out",
            "may have started",
        ),
        ({"msg": "'region' is undefined"}, "timed_out", "may have started"),
        ({}, "timed_out", "may have started"),
    ],
)
def test_a_task_that_started_nothing_says_to_each_host_what_happened(
    run: dict[str, Any], outcome: str, words: str
) -> None:
    found = results_of(2, run=run)
    assert [item["outcome"] for item in found.values()] == [outcome] * 2
    assert words in found["a"]["msg"]
    assert (outcome == "not_started") == ("othing" in found["a"]["msg"] and BUG not in found["a"]["msg"])
    assert found["a"]["provisioned_product_id"] == "pp-1"
    assert found["a"]["parameters"] == {"Mode": "hard", "Password": "********"}


@pytest.mark.parametrize(
    ("waited", "outcome"),
    [
        ({"records": [{**SUCCEEDED, "error": None}]}, "succeeded"),
        ({"records": [{**SUCCEEDED, "outcome": "unknown", "msg": "gone", "error": None}]}, "timed_out"),
        ({"records": [{**SUCCEEDED, "record_detail": {"record_id": "rec-of-another-call"}}]}, "timed_out"),
    ],
)
def test_the_wait_decides_the_outcome_of_a_single_host(waited: dict[str, Any], outcome: str) -> None:
    found = results_of(1, run={"results": [STARTED]}, waited=waited)
    assert found["a"]["outcome"] == outcome


@pytest.mark.parametrize(
    ("waited", "reason"),
    [
        # Ansible's timeout, a killed process, and a wait that was skipped.
        ({"failed": True, "msg": "cut off"}, "cut off"),
        ({"failed": False, "msg": "MODULE FAILURE", "module_stdout": "", "rc": 137}, "MODULE FAILURE"),
        ({"skipped": True}, "wait_timeout"),
        ({}, "wait_timeout"),
    ],
)
def test_a_record_whose_end_was_not_seen_counts_as_timed_out(waited: dict[str, Any], reason: str) -> None:
    found = results_of(1, run={"results": [STARTED]}, waited=waited)["a"]
    assert (found["outcome"], found["record_detail"]) == ("timed_out", RECORD)
    assert found["msg"].startswith("The end of record rec-1 was not seen")
    assert reason in found["msg"]


def test_without_a_wait_a_started_action_is_no_failure() -> None:
    registered = results.Registered({"a": 0}, None, {"results": [STARTED]}, {"skipped": True})
    assert registered.result_of("a", {**HOST, "options": {"wait": False}})["outcome"] == "started"


def test_after_a_bug_nothing_is_known_of_hosts_without_an_end() -> None:
    items = [STARTED, {**STARTED, "outcome": "not_started", "record_detail": {}}]
    found = results_of(2, run={"results": items, "msg": BUG})
    assert [item["outcome"] for item in found.values()] == ["timed_out", "timed_out"]
    assert BUG in found["a"]["msg"]
    assert "may have started" in found["b"]["msg"]


FAILED, TIMED_OUT, NOT_STARTED = (
    {**SUCCEEDED, "outcome": name, "msg": name} for name in ("failed", "timed_out", "not_started")
)
SIGNAL = "SIGTERM ended this process."


@pytest.mark.parametrize(
    ("items", "run", "max_errors", "ends"),
    [
        ([SUCCEEDED, SUCCEEDED], {}, "0", False),
        ([SUCCEEDED, FAILED], {}, "0", True),
        ([SUCCEEDED, FAILED], {}, "1", False),
        ([SUCCEEDED, FAILED], {}, "49%", True),
        ([SUCCEEDED, FAILED], {}, "50%", False),
        # The bulk task fails if any target timed out; the budget of hosts includes those.
        ([SUCCEEDED, TIMED_OUT], {"msg": "Of 2 targets: 1 timed out."}, "1", False),
        ([TIMED_OUT, FAILED], {"msg": "Of 2 targets: 1 timed out."}, "1", True),
        ([SUCCEEDED, NOT_STARTED], {"msg": "Of 2 targets: 1 not started."}, "2", True),
        ([SUCCEEDED, TIMED_OUT], {"msg": f"Of 2 targets: 1 timed out. {SIGNAL}"}, "1", True),
        ([SUCCEEDED, {**TIMED_OUT, "msg": SIGNAL}], {"msg": "Of 2 targets: ..."}, "1", True),
        ([SUCCEEDED, SUCCEEDED], {"msg": SIGNAL}, "0", False),
        ([SUCCEEDED, FAILED], {"msg": BUG}, "2", True),
        ([TIMED_OUT, TIMED_OUT], {"msg": "MODULE FAILURE", "results": []}, "2", True),
        ([FAILED], {}, "1", True),
        ([TIMED_OUT], {}, "1", True),
        ([SUCCEEDED], {}, "0", False),
    ],
)
def test_the_play_ends_beyond_the_budget_and_if_hosts_were_left_out(
    items: list[dict[str, Any]], run: dict[str, Any], max_errors: str, ends: bool
) -> None:
    assert results.ends_play(dict(zip("ab", items)), {"results": items, **run}, max_errors) is ends


@pytest.mark.parametrize(
    ("items", "later_hosts", "words"),
    [
        ([SUCCEEDED, FAILED], 0, "The play ends here: of 2 hosts of the batch, 1 failed (max_errors is 10%)."),
        (
            [FAILED, TIMED_OUT, NOT_STARTED],
            4,
            (
                "The play ends here: of 3 hosts of the batch, 1 failed, 1 timed out, 1 not started "
                "(max_errors is 10%). 4 hosts of later batches are not started."
            ),
        ),
        ([FAILED], 0, ""),
        ([FAILED], 1, "1 hosts of later batches are not started."),
    ],
)
def test_the_end_of_the_play_is_explained_with_counts(
    items: list[dict[str, Any]], later_hosts: int, words: str
) -> None:
    assert results.explain_end(dict(zip("abc", items)), "10%", later_hosts=later_hosts) == words


def test_a_rejected_batch_does_not_return_the_results_of_an_earlier_call() -> None:
    found = results_of(1, run={"results": [SUCCEEDED]}, refusal="No.")
    assert (found["a"]["outcome"], found["a"]["msg"]) == ("not_started", "No.")


def test_statistics_are_lists_and_numbers_with_additional_names_for_each_slice() -> None:
    items = [SUCCEEDED, {"outcome": "not_started", "msg": None}]
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
