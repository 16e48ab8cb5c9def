# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arbitrary options and responses are passed through or rejected with a clear message, and never raise an exception."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Callable

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from emulator import Emulator
from faults.scenarios import EXECUTE, IDS, MODULES, NAMES, RESTART, SCENARIOS, TIMEOUT, WORLD, Scenario
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Run = Callable[..., Any]
JINJA = "{{ lookup('pipe', 'id') }}"
ODD_TEXTS = (JINJA, "{% raw %}", "", " ", "\u202egnp.exe", "\x1b[2J\x07", "a\nb\x00", "<script>", "%s{0}", "ä" * 300)
SUCCEEDING = [scenario for scenario in SCENARIOS if not scenario.name.endswith("that_fails")]
# Use the same examples in each run, and no database in the checkout.
often = settings(
    max_examples=20,
    phases=[Phase.generate],  # The examples are small, and shrinking them takes minutes.
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=30)
scalars = texts | st.none() | st.booleans() | st.integers() | st.floats()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


class Captured(Exception):
    """Carries the arguments that a module passes to AnsibleAWSModule. It does not mean a failure."""


@cache
def validator_of(name: str) -> ArgumentSpecValidator:
    """Return Ansible's own validator of a module's arguments."""
    module = importlib.import_module(MODULES + name)

    def capture(supports_check_mode: bool, **spec: Any) -> None:  # noqa: ARG001
        raise Captured(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleAWSModule", capture)
        with pytest.raises(Captured) as caught:
            module.main()
    return ArgumentSpecValidator(**caught.value.args[0])


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("servicecatalog", "service-2"))


def member_values(shape: Shape) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a response member. Anything can be null, and lists have at most two items."""
    if shape.type_name == "structure":
        members = {name: st.deferred(lambda inner=inner: member_values(inner)) for name, inner in shape.members.items()}
        return st.none() | st.fixed_dictionaries({}, optional=members)
    if shape.type_name == "list":
        return st.none() | st.lists(st.none() | member_values(shape.member), max_size=2)
    if shape.type_name == "map":
        return st.none() | st.dictionaries(texts, st.none() | member_values(shape.value), max_size=2)
    if shape.type_name == "timestamp":
        return st.none() | st.sampled_from([0, -1, 1764000000.123, 1e11, 1e18])
    return st.none() | (texts if shape.type_name == "string" else st.integers(0, 9))


def check_outcome(outcome: Any, emulator: Emulator) -> None:
    """Check the invariants that hold for any input."""
    result = outcome.result
    message = result.get("msg", "")
    assert "This is a bug" not in message, result["exception"]
    assert bool(message) is result["failed"]
    assert all(
        character.isprintable() or character == "\n" for text in (message, *outcome.warnings) for character in text
    )
    assert json.dumps(result)
    assert outcome.slept <= TIMEOUT
    assert all(count == 1 for count in Counter(each["ProvisionedProductId"] for each in emulator.records()).values())


def prepare_records(emulator: Emulator, scenario: Scenario, run_scenario: Run) -> dict[str, Any]:
    """Reset the emulator, start the actions whose records the scenario reads, and return the ids as options."""
    emulator.reset(WORLD)
    one = SCENARIOS[0]
    for product in IDS[: scenario.records]:
        run_scenario(one, provisioned_product_id=product, wait=False)
    ids = [record["RecordId"] for record in emulator.records()]
    return {"record_ids": ids} if "record_ids" in scenario.given else {}


@pytest.mark.parametrize("scenario", SUCCEEDING, ids=lambda scenario: scenario.name)
def test_any_option_is_rejected_before_any_call_or_sent_unchanged(
    run_scenario: Run, emulator: Emulator, scenario: Scenario
) -> None:
    validator = validator_of(scenario.module)
    options = sorted(set(validator.argument_spec) - {"aws_config"})

    @often
    @given(st.dictionaries(st.sampled_from(options), anything, min_size=1, max_size=2))
    def check_options(odd: dict[str, Any]) -> None:
        params = {**scenario.given, **prepare_records(emulator, scenario, run_scenario), **odd}
        found = validator.validate(json.loads(json.dumps({name: params[name] for name in params})))
        if found.error_messages:
            return  # Ansible itself rejects these options.
        if 0 < (found.validated_parameters.get("wait_delay") or 1) < 0.1:
            return  # On the simulated clock, polls take no time, so a tiny delay means too many of them.
        before = len(emulator.calls())
        outcome = run_scenario(scenario, **{name: found.validated_parameters[name] for name in options})
        check_outcome(outcome, emulator)
        for call in emulator.calls()[before:]:
            assert call["error_code"] not in ("ValidationException", "SerializationException"), call
        for call in emulator.calls(EXECUTE)[scenario.records :]:
            assert call["parameters"].get("Parameters", {}) == as_texts(found.validated_parameters)

    check_options()


def as_texts(given_params: Mapping[str, Any]) -> dict[str, list[str]]:
    merged = {**(given_params["parameters"] or {}), **(given_params["sensitive_parameters"] or {})}
    return {
        name: [json.dumps(each) if isinstance(each, bool) else str(each) for each in values]
        for name, values in ((name, each if isinstance(each, list) else [each]) for name, each in merged.items())
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_any_response_is_accepted_or_rejected_with_a_clear_message(
    run_scenario: Run, emulator: Emulator, scenario: Scenario
) -> None:
    @often
    @given(st.data())
    def check_responses(data: st.DataObject) -> None:
        params = prepare_records(emulator, scenario, run_scenario)
        operation = data.draw(st.sampled_from(scenario.operations))
        shape = model().operation_model(operation).output_shape
        members = data.draw(member_values(shape).filter(bool))
        calls = data.draw(st.sampled_from([{"calls": [1]}, {}]))
        emulator.fault(operation, "replaced", members=members, **calls)
        check_outcome(run_scenario(scenario, **params), emulator)

    check_responses()


def test_ten_thousand_outputs_are_all_returned(run_scenario: Run, emulator: Emulator) -> None:
    outputs = {f"Key{number}": f"{JINJA} {number}" for number in range(10_000)}
    (record,) = prepare_records(emulator, scenario := SCENARIOS[9], run_scenario)["record_ids"]
    emulator.set(page_size=None)
    emulator.finish_record(record, outputs=outputs)
    result = run_scenario(scenario, record_ids=[record]).result
    assert result["records"][0]["record_outputs"] == outputs


@pytest.mark.parametrize("text", [JINJA, "\u202e\x1b[2J", "x" * 1_000_000], ids=["jinja", "control", "a megabyte"])
def test_strings_from_the_service_are_returned_unchanged(run_scenario: Run, emulator: Emulator, text: str) -> None:
    emulator.reset(WORLD)
    detail = {"ProvisionedProductName": text, "RecordTags": [{"Key": text, "Value": text}]}
    outputs = [{"OutputKey": text, "OutputValue": text}]
    emulator.fault("DescribeRecord", "replaced", members={"RecordDetail": detail, "RecordOutputs": outputs})
    result = run_scenario(SCENARIOS[0]).result
    assert result["record_detail"]["provisioned_product_name"] == text
    assert result["record_detail"]["record_tags"] == {text: text}
    assert result["record_outputs"][text] == text


@pytest.mark.parametrize(
    ("parameters", "sent"),
    [
        ({"Mode": JINJA}, [JINJA]),
        ({"Mode": "\u202e\x00"}, ["\u202e\x00"]),
        ({"Mode": [True, 1, 1.5, "x", " "]}, ["true", "1", "1.5", "x", " "]),
    ],
)
def test_unusual_parameters_are_sent_unchanged(
    run_scenario: Run, emulator: Emulator, parameters: dict[str, Any], sent: list[str]
) -> None:
    emulator.reset(WORLD)
    run_scenario(SCENARIOS[0], parameters=parameters)
    assert [record["Parameters"] for record in emulator.records()] == [{"Mode": sent}]


def test_the_choices_of_a_hostile_catalog_are_listed_in_a_readable_message(
    run_scenario: Run, emulator: Emulator
) -> None:
    emulator.reset(WORLD)
    hostile = {"Id": "act-1", "Name": "\x1b]0;owned\x07\u202e"}
    emulator.fault(
        "ListServiceActionsForProvisioningArtifact", "replaced", members={"ServiceActionSummaries": [hostile]}
    )
    outcome = run_scenario(SCENARIOS[1], provisioned_product_name=NAMES[0], service_action_name=RESTART)
    assert "\\x1b]0;owned\\x07\\u202e" in outcome.result["msg"]
    assert set(outcome.result["choices"]) == {hostile["Name"]}
