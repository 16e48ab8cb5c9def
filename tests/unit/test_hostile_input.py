# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a task gives and the service answers: refused in words or taken as it is, never a bug."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Callable

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import jsonify
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from emulator import Emulator
from faults.scenarios import EXECUTE, IDS, MODULES, NAMES, RESTART, SCENARIOS, TIMEOUT, WORLD, Scenario
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Run = Callable[..., Any]
JINJA = "{{ lookup('pipe', 'id') }}"
ODD_TEXTS = (JINJA, "{% raw %}", "", " ", "\u202egnp.exe", "\x1b[2J\x07", "a\nb\x00", "<script>", "%s{0}", "ä" * 300)
WAYS = [scenario for scenario in SCENARIOS if not scenario.name.endswith("that_fails")]
# The same examples in each run, and none kept in the checkout.
often = settings(
    max_examples=20,
    phases=[Phase.generate],  # What was drawn is small already, and to shrink it takes minutes.
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
    """Not a failure: what a module gave to AnsibleAWSModule."""


@cache
def validator_of(name: str) -> ArgumentSpecValidator:
    """Return Ansible's own check of a module's arguments."""
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


def answers(shape: Shape) -> st.SearchStrategy[Any]:
    """Return what may stand in place of a member: nulls anywhere, texts of any kind, as many items as there are."""
    if shape.type_name == "structure":
        members = {name: st.deferred(lambda inner=inner: answers(inner)) for name, inner in shape.members.items()}
        return st.none() | st.fixed_dictionaries({}, optional=members)
    if shape.type_name == "list":
        return st.none() | st.lists(st.none() | answers(shape.member), max_size=2)
    if shape.type_name == "map":
        return st.none() | st.dictionaries(texts, st.none() | answers(shape.value), max_size=2)
    if shape.type_name == "timestamp":
        return st.none() | st.sampled_from([0, -1, 1764000000.123, 1e11, 1e18])
    return st.none() | (texts if shape.type_name == "string" else st.integers(0, 9))


def check(outcome: Any, emulator: Emulator) -> None:
    """Hold what has to hold, whatever came in."""
    result = outcome.result
    said = result.get("msg", "")
    assert "This is a bug" not in said, result["exception"]
    assert bool(said) is result["failed"]
    assert all(character.isprintable() or character == "\n" for text in (said, *outcome.warnings) for character in text)
    assert jsonify(result)
    assert outcome.slept <= TIMEOUT
    assert all(count == 1 for count in Counter(each["ProvisionedProductId"] for each in emulator.records()).values())


def ready(emulator: Emulator, scenario: Scenario, run_scenario: Run) -> dict[str, Any]:
    """Give the emulator a new world, with the records that the scenario looks at, and return their ids as params."""
    emulator.reset(WORLD)
    one = SCENARIOS[0]
    for product in IDS[: scenario.records]:
        run_scenario(one, provisioned_product_id=product, wait=False)
    ids = [record["RecordId"] for record in emulator.records()]
    return {"record_ids": ids} if "record_ids" in scenario.given else {}


@pytest.mark.parametrize("scenario", WAYS, ids=lambda scenario: scenario.name)
def test_any_option_is_refused_before_any_call_or_sent_as_it_is(
    run_scenario: Run, emulator: Emulator, scenario: Scenario
) -> None:
    validator = validator_of(scenario.module)
    options = sorted(set(validator.argument_spec) - {"aws_config"})

    @often
    @given(st.dictionaries(st.sampled_from(options), anything, min_size=1, max_size=2))
    def check_options(odd: dict[str, Any]) -> None:
        params = {**scenario.given, **ready(emulator, scenario, run_scenario), **odd}
        found = validator.validate(json.loads(json.dumps({name: params[name] for name in params})))
        if found.error_messages:
            return  # Ansible itself refuses it.
        if 0 < (found.validated_parameters.get("wait_delay") or 1) < 0.1:
            return  # Nothing passes between two looks on this clock but the delay.
        before = len(emulator.calls())
        outcome = run_scenario(scenario, **{name: found.validated_parameters[name] for name in options})
        check(outcome, emulator)
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
def test_any_answer_is_taken_or_refused_in_words(run_scenario: Run, emulator: Emulator, scenario: Scenario) -> None:
    @often
    @given(st.data())
    def check_answers(data: st.DataObject) -> None:
        params = ready(emulator, scenario, run_scenario)
        operation = data.draw(st.sampled_from(scenario.operations))
        shape = model().operation_model(operation).output_shape
        members = data.draw(answers(shape).filter(bool))
        calls = data.draw(st.sampled_from([{"calls": [1]}, {}]))
        emulator.fault(operation, "replaced", members=members, **calls)
        check(run_scenario(scenario, **params), emulator)

    check_answers()


def test_ten_thousand_outputs_are_all_returned(run_scenario: Run, emulator: Emulator) -> None:
    outputs = {f"Key{number}": f"{JINJA} {number}" for number in range(10_000)}
    (record,) = ready(emulator, scenario := SCENARIOS[9], run_scenario)["record_ids"]
    emulator.set(page_size=None)
    emulator.finish_record(record, outputs=outputs)
    result = run_scenario(scenario, record_ids=[record]).result
    assert result["records"][0]["record_outputs"] == outputs


@pytest.mark.parametrize("text", [JINJA, "\u202e\x1b[2J", "x" * 1_000_000], ids=["jinja", "control", "a megabyte"])
def test_texts_of_the_service_are_returned_as_they_are(run_scenario: Run, emulator: Emulator, text: str) -> None:
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
def test_odd_parameters_are_sent_as_they_are(
    run_scenario: Run, emulator: Emulator, parameters: dict[str, Any], sent: list[str]
) -> None:
    emulator.reset(WORLD)
    run_scenario(SCENARIOS[0], parameters=parameters)
    assert [record["Parameters"] for record in emulator.records()] == [{"Mode": sent}]


def test_the_choices_of_a_hostile_catalog_are_listed_in_a_message_that_can_be_read(
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
