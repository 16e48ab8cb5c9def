# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe: each answer changes with what it asks for, and none tells whose account it is."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._clock import Interrupted
from ansible_collections.selfservice.aws.plugins.module_utils._probe.anonymizer import Anonymizer
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_probe import RETURN, probe
from emulator import Emulator, EmulatorClock
from emulator.operations import OPERATIONS, execute_provisioned_product_service_action
from emulator.switches import Switches
from emulator.world import read_world
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[4]
Make = Callable[..., Any]
FULL, READ_ONLY = "AWSServiceCatalogEndUserFullAccess", "AWSServiceCatalogEndUserReadOnlyAccess"
EXECUTE = "ExecuteProvisionedProductServiceAction"
ACCOUNT = "998877665544"
ME, COLLEAGUE, STRANGER = (f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}" for name in ("Ops/ann", "Ops/bob", "Dba/cy"))
OWN, OTHER_OWN, OF_ROLE, OF_OTHERS = "pp-mine000000001", "pp-mine000000002", "pp-role000000001", "pp-them000000001"
RESTART, BREAK = "act-restart000001", "act-break00000001"
RUN = {"run_action": True, "provisioned_product_name": "payroll-db", "service_action_name": "RestartPayroll"}
DENIED = "AccessDeniedException"


def world(policy: Any = None, **more: Any) -> dict[str, Any]:
    """Return a catalog in which four products belong to three users, and every text is one of a kind."""
    outputs = [
        {"key": "Execution", "value": "{execution_id}"},
        {"key": "Host", "value": "https://db7.corp.example/x", "description": "Where payroll lives"},
    ]
    plain = {"product": "prod-ledger0000001", "artifact": "pa-ledger00000001", "resources": ["i-0feedc0ffee1"]}
    names = {OWN: "payroll-db", OTHER_OWN: "wages-db", OF_ROLE: "bonus-db", OF_OTHERS: "severance-db"}
    owners = dict(zip(names, (ME, ME, COLLEAGUE, STRANGER)))
    tags = {"costcenter": "cc-4711", "owner": "ann.example"}
    return {
        "account": ACCOUNT,
        "user_arn": ME,
        "service_actions": [
            {
                "id": RESTART,
                "name": "RestartPayroll",
                "parameters": [{"name": "Node", "type": "TARGET"}, {"name": "Mode", "default_values": ["gently"]}],
                "run": {"seconds": 20, "outputs": outputs},
            },
            {
                "id": BREAK,
                "name": "BreakPayroll",
                "run": {"ends": "FAILED", "errors": [{"code": "StepFailed", "description": "payroll-db is locked"}]},
            },
        ],
        "products": [
            {
                "id": plain["product"],
                "name": "Ledger",
                "artifacts": [{"id": plain["artifact"], "name": "spring", "service_actions": [RESTART, BREAK]}],
            }
        ],
        "provisioned_products": [
            {"id": key, "name": name, "user_arn": owners[key], "tags": tags, **plain} for key, name in names.items()
        ],
        "callers": [{"policy": policy}],
        **more,
    }


def statement(level: str, *actions: str) -> dict[str, Any]:
    condition = {"StringEquals": {f"servicecatalog:{level}Level": "self"}}
    named = [f"servicecatalog:{action}" for action in actions]
    return {"Effect": "Allow", "Action": named, "Resource": "*", "Condition": condition}


OWN_RECORDS_ONLY = {"Statement": [statement("account", "List*", "Search*"), statement("user", "Describe*")]}


@pytest.fixture(autouse=True)
def _world(emulator: Emulator) -> None:
    emulator.reset(world())


@pytest.fixture
def ask(make_attempt: Make) -> Callable[..., dict[str, Any]]:
    """Return a function that runs the probe, and returns its answers by question."""

    def run(**params: Any) -> dict[str, Any]:
        result = make_attempt(probe, params).result()
        assert not result["failed"], result
        return answers(result)

    return run


def answers(result: Mapping[str, Any]) -> dict[str, Any]:
    return {each["question"]: each["answer"] for each in result["answers"]}


def create_records(emulator: Emulator, action: str = RESTART) -> None:
    """Run an action on each product, a minute after the other."""
    catalog = emulator.server.endpoint.catalog
    for product in catalog.provisioned_products:
        members = {"ProvisionedProductId": product, "ServiceActionId": action, "ExecuteToken": f"{action}-{product}"}
        with emulator.server.endpoint.lock:
            execute_provisioned_product_service_action(catalog, members)
        emulator.advance(60.25)


def starts(emulator: Emulator) -> int:
    return len(emulator.calls(EXECUTE))


# What reads answer


@pytest.mark.parametrize(
    ("policy", "products"),
    [
        (None, {"account": 4, "role": 3, "user": 2}),
        (FULL, {"account": DENIED, "role": DENIED, "user": 2}),
        ({"Statement": [statement("role", "*")]}, {"account": DENIED, "role": 3, "user": 2}),
    ],
)
def test_the_access_levels_are_told(ask: Make, emulator: Emulator, policy: Any, products: dict[str, Any]) -> None:
    create_records(emulator)
    emulator.server.endpoint.catalog.world = read_world(world(policy))
    levels = ask()["access levels"]
    assert levels["search_provisioned_products"] == levels["list_record_history"] == products
    assert ("is not authorized" in levels.get("message", "")) is (policy is not None)


@pytest.mark.parametrize(
    ("share", "policy", "spans"), [(True, None, True), (False, None, False), (True, FULL, True), (False, FULL, None)]
)
def test_whether_the_user_level_spans_sessions_is_told(
    ask: Make, emulator: Emulator, share: bool, policy: Any, spans: bool | None
) -> None:
    emulator.reset(world(policy, switches={"sessions_share_user_level": share}))
    assert ask()["sessions"]["user_level_spans_sessions"] is spans


@pytest.mark.parametrize("combine", ["all", "any"])
def test_how_search_terms_combine_is_told(ask: Make, emulator: Emulator, combine: str) -> None:
    emulator.set(search_terms=combine)
    assert ask()["search terms"]["combine"] == combine


@pytest.mark.parametrize(
    ("switch", "order"), [("newest", "newest first"), ("oldest", "oldest first"), ("random", "neither")]
)
def test_the_order_of_the_history_is_told(ask: Make, emulator: Emulator, switch: str, order: str) -> None:
    create_records(emulator)
    create_records(emulator, BREAK)
    emulator.set(history_order=switch)
    assert ask()["history"]["order"] == order


def test_the_records_and_their_outputs_are_told(ask: Make, emulator: Emulator) -> None:
    create_records(emulator)
    emulator.set(record_type="SOME_TYPE")
    found = ask()
    assert found["history"]["record_types"] == {"SOME_TYPE": 4}
    assert "LaunchRoleArn" in found["history"]["members"]
    assert found["history"]["whole_seconds"] is False
    seen = {"output_keys": ["Execution", "Host"], "execution_id_keys": ["Execution"], "descriptions": 1}
    assert found["outputs"] == {"of_newest": [{"record_type": "SOME_TYPE", "status": "SUCCEEDED", **seen}]}


@pytest.mark.parametrize(
    ("policy", "own", "of_others"),
    [(None, "accepted", "accepted"), (FULL, "accepted", None), (OWN_RECORDS_ONLY, "accepted", DENIED)],
)
def test_who_may_describe_a_record_is_told(
    ask: Make, emulator: Emulator, policy: Any, own: str, of_others: Any
) -> None:
    create_records(emulator)
    emulator.server.endpoint.catalog.world = read_world(world(policy))
    found = ask()["records of others"]
    assert found["own"] == own
    assert (found["of_others"]["code"] if isinstance(found["of_others"], dict) else found["of_others"]) == of_others


def test_the_codes_of_refusals_are_told(ask: Make, emulator: Emulator) -> None:
    codes = {name: each["code"] for name, each in ask()["invalid requests"].items()}
    assert codes == {
        "sort_by_created_time": "ValidationException",
        "search_unknown_field": "InvalidParametersException",
        "page_token": "InvalidParametersException",
        "unknown_record": "ResourceNotFoundException",
    }
    emulator.fault("DescribeRecord", "validation")
    assert ask()["invalid requests"]["unknown_record"]["code"] == "ValidationException"


@pytest.mark.parametrize(("policy", "verdict"), [(None, "accepted"), (FULL, DENIED)])
def test_what_is_told_of_a_product_is_told(ask: Make, emulator: Emulator, policy: Any, verdict: str) -> None:
    emulator.reset(world(policy))
    found = ask(provisioned_product_name="payroll-db")["product"]
    outputs = found["read_outputs"]
    assert (outputs["code"] if isinstance(outputs, dict) else outputs) == verdict
    assert "LaunchRoleArn" in found["members"]
    assert "LaunchRoleArn" not in found["members_in_a_search"]
    assert (found["actions"], found["definition_types"]) == (2, ["SSM_AUTOMATION"])
    assert found["parameter_types"] == ["TARGET", "TEXT_VALUE"]


def test_an_account_without_anything_has_nothing_to_tell(ask: Make, emulator: Emulator) -> None:
    emulator.reset({})
    found = ask()
    assert found["product"] == {"describe": None}
    assert found["search terms"] == {"combine": None, "one_term_finds": None, "two_terms_find": None}
    assert found["records of others"] == {"own": None, "of_others": None}


def test_a_caller_who_may_do_nothing_gets_answers(ask: Make, emulator: Emulator) -> None:
    emulator.reset(world({"Statement": [statement("user", "ProvisionProduct")]}))
    found = ask(run_action=True, provisioned_product_id=OWN, service_action_id=RESTART)
    assert found["product"]["describe"]["code"] == DENIED
    assert found["start"]["code"] == DENIED


# What a run answers


@pytest.mark.parametrize(("seconds", "found"), [(0, 0.0), (5, 6.0)])
def test_how_soon_a_new_record_is_seen_is_told(ask: Make, emulator: Emulator, seconds: float, found: float) -> None:
    emulator.set(describable_after=seconds)
    seen = ask(**RUN)["new record"]
    assert seen == {"described_after_seconds": found, "in_history_after_seconds": found, "place_in_history": 1}


@pytest.mark.parametrize("status", ["AVAILABLE", "UNDER_CHANGE"])
def test_the_status_of_the_product_is_told(ask: Make, emulator: Emulator, status: str) -> None:
    emulator.set(product_status_while_running=status)
    assert ask(**RUN)["product status"] == {"while_running": [status], "after": "AVAILABLE"}


def test_a_run_is_told_and_starts_the_action_once(ask: Make, emulator: Emulator) -> None:
    emulator.set(record_type="SOME_TYPE")
    found = ask(**RUN)
    assert found["start"]["record_type"] == "SOME_TYPE"
    assert abs(found["start"]["seconds_from_created_to_date"]) <= 1
    assert [each["status"] for each in found["run"]["statuses"]] == ["CREATED", "IN_PROGRESS", "SUCCEEDED"]
    assert found["run"]["execution_id_keys"] == ["Execution"]
    assert "replay" not in found
    assert starts(emulator) == 1


def test_a_failed_run_is_told_with_its_codes(ask: Make) -> None:
    run = ask(**{**RUN, "service_action_name": "BreakPayroll"})["run"]
    assert (run["ended"], run["error_codes"]) == ("FAILED", ["StepFailed"])


REPLAYED = {"same_record": True, "same_created_time": True}


@pytest.mark.parametrize(("switch", "status"), [("current", "SUCCEEDED"), ("original", "CREATED")])
def test_what_a_replay_answers_is_told(ask: Make, emulator: Emulator, switch: str, status: str) -> None:
    emulator.set(replay_detail=switch)
    found = ask(**RUN, replay=True)["replay"]
    assert found == {
        "while_running": {**REPLAYED, "status": "CREATED"},
        "after_the_end": {**REPLAYED, "status": status},
    }
    assert (starts(emulator), len(emulator.records())) == (3, 1)


@pytest.mark.parametrize(("switch", "answer"), [("replay", True), ("refuse", "InvalidParametersException")])
def test_what_other_parameters_of_a_token_do_is_told(
    ask: Make, emulator: Emulator, switch: str, answer: bool | str
) -> None:
    emulator.set(token_conflict=switch)
    found = ask(**RUN, replay=True, replay_parameters={"Mode": "hard"})["replay"]["other_parameters"]
    assert found.get("same_record", found.get("code")) == answer
    assert len(emulator.records()) == 1


def test_a_busy_product_that_refuses_replays_is_told(ask: Make, emulator: Emulator) -> None:
    emulator.set(product_status_while_running="UNDER_CHANGE", replay_while_busy="refuse")
    found = ask(**RUN, replay=True)["replay"]
    assert found["while_running"]["code"] == "InvalidStateException"
    assert found["after_the_end"]["same_record"] is True


def test_after_a_forgotten_token_nothing_more_is_sent(make_attempt: Make, emulator: Emulator) -> None:
    emulator.set(token_lifetime=10)
    result = make_attempt(probe, {**RUN, "replay": True, "replay_parameters": {"Mode": "hard"}}).result()
    found = answers(result)["replay"]
    assert found["after_the_end"]["same_record"] is False
    assert set(found) == {"while_running", "after_the_end"}
    assert result["record_ids"] == [each["RecordId"] for each in emulator.records()]
    assert len(result["record_ids"]) == 2


def test_check_mode_only_reads_and_tells_what_would_be_sent(make_attempt: Make, emulator: Emulator) -> None:
    given = {**RUN, "replay": True, "replay_parameters": {"Mode": "hard"}}
    result = make_attempt(probe, given, check_mode=True).result()
    assert len(answers(result)["run"]["would_send"]) == 4
    assert (result["changed"], result["record_ids"], starts(emulator)) == (False, [], 0)


def test_without_run_action_the_probe_only_reads(ask: Make, emulator: Emulator) -> None:
    ask(**{**RUN, "run_action": False})
    assert {call["operation"] for call in emulator.calls()} <= {
        each for each in OPERATIONS["servicecatalog"] if not each.startswith("Execute")
    }


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"replay": True}, "replay needs run_action: true"),
        ({**RUN, "replay_parameters": {"Mode": "hard"}}, "replay_parameters needs replay: true"),
        ({"run_action": True, "provisioned_product_name": "payroll-db"}, "One of service_action_id"),
    ],
)
def test_options_that_need_others_are_refused(
    make_attempt: Make, emulator: Emulator, params: dict[str, Any], text: str
) -> None:
    assert text in make_attempt(probe, params).result()["msg"]
    assert emulator.calls() == []


def test_the_page_of_assumptions_names_every_question_and_every_unknown_of_the_emulator(ask: Make) -> None:
    page = (ROOT / "docs" / "docsite" / "rst" / "guide_assumptions.rst").read_text(encoding="utf-8")
    questions = set(ask(**RUN, replay=True))
    assert set(re.findall(r"(?<!\*)\*([a-z ]+)\*(?!\*)", page)) == questions
    assert {name for name in re.findall(r"C\(([a-z ]+)\)", RETURN) if name in page} >= questions
    # What the others stand for, AWS documents, or nothing depends on.
    switches = {field.name for field in dataclasses.fields(Switches)}
    unknown = switches - {"page_size", "regions", "session_seconds", "signature_seconds"}
    assert {name for name in unknown if f"``{name}``" not in page} == set()


# What goes wrong


def test_a_refused_start_is_an_answer(ask: Make, emulator: Emulator) -> None:
    emulator.update_product(OWN, status="UNDER_CHANGE")
    found = ask(**RUN)
    assert (found["start"]["code"], found["start"]["may_have_started"]) == ("InvalidStateException", False)
    assert "run" not in found


def test_a_start_without_an_answer_may_have_started(make_attempt: Make, emulator: Emulator) -> None:
    emulator.fault(EXECUTE, "reset_after")
    given = {**RUN, "replay": True, "aws_config": {"retries": {"total_max_attempts": 1}}}
    result = make_attempt(probe, given).result()
    assert (result["changed"], answers(result)["start"]["may_have_started"]) == (True, True)
    assert starts(emulator) == 1


def test_a_run_that_cannot_be_watched_is_told(ask: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeRecord", "expired_token", between=[emulator.now() + 1, emulator.now() + 1000])
    found = ask(**RUN, replay=True)
    assert found["run"]["describe"]["code"] == "ExpiredTokenException"
    assert found["run"]["ended"] is None
    assert set(found["replay"]) == {"while_running"}


def test_a_run_that_does_not_end_in_time_is_told(ask: Make, emulator: Emulator) -> None:
    emulator.update_product(OWN, run={"seconds": 1000})
    assert ask(**RUN, wait_timeout=30)["run"]["ended"] is None


def test_a_signal_ends_the_watch_and_keeps_the_answers(make_attempt: Make, emulator: Emulator) -> None:
    class Interrupting(EmulatorClock):
        def sleep(self, _seconds: float) -> None:
            raise Interrupted("SIGTERM ended this process.")

    attempt = make_attempt(probe, RUN)
    attempt.task.clock = Interrupting(emulator)
    result = attempt.result()
    assert answers(result)["run"]["interrupted"] is True
    assert result["record_ids"] == [emulator.records()[0]["RecordId"]]


def test_credentials_that_end_fail_the_task_with_the_answers_so_far(make_attempt: Make, emulator: Emulator) -> None:
    emulator.fault("DescribeRecord", "expired_token")
    result = make_attempt(probe, {}).result()
    assert result["failed"]
    assert result["error"]["code"] == "ExpiredTokenException"
    assert "access levels" in answers(result)


# What is not told


def texts(value: Any) -> Iterator[str]:
    """Yield all texts of a world that tell whose it is."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in ("key", "code", "type", "ends", "callers"):
                yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("policy", [None, FULL, READ_ONLY])
@pytest.mark.parametrize(
    "parameters", [{"Mode": "a hidden word"}, {"Type": "a hidden word"}, {"Node": "a hidden word"}]
)
def test_no_answer_tells_whose_account_it_is(
    make_attempt: Make, emulator: Emulator, policy: Any, parameters: dict[str, str]
) -> None:
    create_records(emulator)
    emulator.server.endpoint.catalog.world = read_world(world(policy))
    given = {**RUN, "replay": True, "parameters": parameters, "replay_parameters": {"Mode": "another one"}}
    result = make_attempt(probe, given).result()
    told = json.dumps(result["answers"])
    records, sent = emulator.records(), emulator.calls(EXECUTE)
    hidden = {*texts(world()), *(each["RecordId"] for each in records), *(each["ExecuteToken"] for each in records)}
    hidden |= {"a hidden word", "another one", "Ops", "ann", *(call["parameters"]["ExecuteToken"] for call in sent)}
    assert sent
    assert [each for each in hidden if len(each) > 2 and each.lower() in told.lower()] == []


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=3).filter(lambda text: len(text.strip()) >= 3)
LABELS = [
    "pp",
    "rec",
    "act",
    "prod",
    "pa",
    "arn",
    "url",
    "email",
    "id",
    "ip",
    "account",
    "name",
    "value",
    "told",
    "of",
    "is",
    "not",
]


@settings(deadline=None, database=None, derandomize=True, max_examples=300)
@given(names=st.lists(WORDS, min_size=1, max_size=3), quoted=st.sampled_from(["{0!r}", "{0}", '"{0}"', "['{0}']"]))
def test_a_text_that_was_learned_is_never_told(names: list[str], quoted: str) -> None:
    anonymizer = Anonymizer()
    anonymizer.learn({"Name": names[0], "Tags": [{"Key": "Team", "Value": name} for name in names]})
    shown = [quoted.format(name) for name in names]
    told = anonymizer.text(f"told of {', '.join(shown)} is not")
    rest = told
    for word in LABELS:
        rest = rest.replace(word, "")
    forms = {form.strip() for name in names for form in (name, repr(name)[1:-1], json.dumps(name)[1:-1])}
    assert not [form for form in forms if form in rest]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User: arn:aws:sts::123456789012:assumed-role/R/s is not", "User: arn-1 is not"),
        ("account 123456789012, not 210987654321 or 123456789012.", "account account-1, not account-2 or account-1."),
        ("https://a.example/b?c=d, x@y.example and 10.1.2.3.", "url-1, email-1 and ip-1."),
        ("No record rec-abcdefghijklm of pp-abcdefghijklm.", "No record rec-1 of pp-1."),
        ("ASIAEXAMPLEKEY1 and 0d3c3f2e-1111-2222-3333-444455556666", "id-1 and id-2"),
        ("The field is createdTime.", "The field is createdTime."),
    ],
)
def test_what_has_the_form_of_an_identity_is_replaced(text: str, expected: str) -> None:
    assert Anonymizer().text(text) == expected
