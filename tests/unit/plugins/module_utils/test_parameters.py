# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that is rejected before any call, and the form in which parameters are sent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import check_known, to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._arguments import check_identifiers, check_waiting
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput, NotFound, Refused
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.encodings import encoded_variants
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.masker import check_secrets
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import (
    ExecutionParameter,
    check_parameters,
)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, {}),
        ({}, {}),
        ({"Mode": "forced"}, {"Mode": ["forced"]}),
        ({"Retention": 7, "Share": 0.5}, {"Retention": ["7"], "Share": ["0.5"]}),
        ({"Dry": True, "Force": False}, {"Dry": ["true"], "Force": ["false"]}),
        ({"Tables": ["a", 1, True]}, {"Tables": ["a", "1", "true"]}),
        ({"Tables": []}, {"Tables": []}),
        ({"Empty": ""}, {"Empty": [""]}),
    ],
)
def test_parameters_are_sent_as_lists_of_strings(given: Any, sent: dict) -> None:
    assert to_parameters(given, "parameters") == sent


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Mode": None}, "parameters has null for 'Mode'"),
        ({"Mode": ["a", None]}, "parameters has null for 'Mode'"),
        ({"Mode": {"a": 1}}, "parameters has a dict for 'Mode'"),
        ({"Mode": [["a"]]}, "parameters has a list for 'Mode'"),
    ],
)
def test_values_other_than_scalars_and_lists_of_scalars_are_rejected(given: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        to_parameters(given, "parameters")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({f"P{n}": ["x"] for n in range(201)}, "201 parameters; the service accepts at most 200"),
        ({"": ["x"]}, "has 0 characters; a name must have 1 to 50"),
        ({"N" * 51: ["x"]}, "has 51 characters; a name must have 1 to 50"),
        ({"Mode": ["x"] * 26}, "'Mode' has 26 values; the service accepts at most 25"),
        ({"Mode": ["x" * 513]}, "'Mode' has a value of 513 characters; the service accepts at most 512"),
    ],
)
def test_parameters_beyond_the_limits_are_rejected(parameters: dict, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_parameters(parameters)


def test_parameters_at_the_limits_are_accepted() -> None:
    check_parameters({f"{n:050}": ["x" * 512] * 25 for n in range(200)})


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("provisioned_product_id", "", "must have 1 to 100 characters, not 0"),
        ("provisioned_product_id", "p" * 101, "must have 1 to 100 characters, not 101"),
        (
            "provisioned_product_id",
            "pp 1",
            "provisioned_product_id must have only letters, digits, '_' and '-', not 'pp 1'",
        ),
        ("provisioned_product_id", "pp-1\n", "must have only letters"),
        ("provisioned_product_name", "-db", "and start with a letter or a digit"),
        ("provisioned_product_name", "d" * 129, "must have 1 to 128 characters"),
        ("service_action_id", "act/1", "must have only letters"),
        ("service_action_name", "Back up", "must have only letters"),
        ("service_action_name", "B" * 257, "must have 1 to 256 characters"),
        ("execute_token", "_t", "and start with a letter or a digit"),
        ("execute_token", "t" * 129, "must have 1 to 128 characters"),
    ],
)
def test_invalid_ids_names_and_tokens_are_rejected_with_the_name_of_the_option(
    option: str, value: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        check_identifiers({option: value})
    assert option in str(caught.value)


def test_ids_names_and_tokens_at_the_limits_are_accepted() -> None:
    check_identifiers(
        {
            "provisioned_product_id": "p" * 100,
            "provisioned_product_name": "d.b_1-" + "x" * 122,
            "service_action_id": None,
            "service_action_name": "B" * 256,
            "execute_token": "0-_" + "t" * 125,
        }
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"wait_timeout": -1}, "wait_timeout must be between 0 and 7776000 seconds, not -1"),
        ({"wait_timeout": 10**400}, "between 0 and 7776000 seconds, not a number of more than 20 digits"),
        ({"wait_timeout": 0, "wait_delay": 1e10}, "wait_delay must be more .*, not 10000000000.0"),
        ({"wait_timeout": 0, "wait_delay": 0}, "wait_delay must be more than 0 and at most 7776000 seconds, not 0"),
        ({"wait_timeout": 0, "wait_delay": float("nan")}, "wait_delay must be more .*, not nan"),
        ({"wait_timeout": 0, "wait_delay": float("inf")}, "wait_delay must be more .*, not inf"),
    ],
)
def test_invalid_timeouts_and_delays_are_rejected(params: dict, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_waiting(params)


def test_a_secret_too_short_to_mask_is_rejected_without_quoting_it() -> None:
    with pytest.raises(InvalidInput, match="under 4 characters for 'Pin'") as caught:
        check_secrets({"Password": ["long enough"], "Pin": ["9x9"]})
    assert "9x9" not in str(caught.value)
    check_secrets({"Pin": ["9x9x"]})


def test_a_boolean_secret_is_rejected() -> None:
    with pytest.raises(InvalidInput, match=r"a boolean for 'Flag'"):
        check_secrets(to_parameters({"Flag": True}, "sensitive_parameters"))


@pytest.mark.parametrize(
    ("secret", "echo"),
    [
        ("plain-secret", "plain-secret"),
        ("back\\slash", '{"a": "back\\\\slash"}'),
        ('quo"ted', r'["quo\"ted"]'),
        ("two\nlines", "['two\\nlines']"),
        ("geheim-ä", '"geheim-\\u00e4"'),
        ("trailing \n", "got 'trailing' only"),
    ],
)
def test_a_secret_is_masked_in_every_encoding_that_the_service_may_echo(secret: str, echo: str) -> None:
    variants = encoded_variants(secret)
    assert secret in variants
    assert any(variant in echo for variant in variants)
    assert all(len(variant) >= 4 for variant in variants)


TARGET = ExecutionParameter("TARGET", "AWS::RDS::DBInstance", ())
MODE = ExecutionParameter("Mode", "String", ("graceful",))


def test_an_unknown_parameter_lists_the_choices() -> None:
    with pytest.raises(NotFound, match=r"act-1 takes no parameter 'Mood'. Did you mean Mode") as caught:
        check_known([TARGET, MODE], {"Mood": ["x"], "TARGET": ["db"]}, "act-1")
    assert caught.value.facts["choices"] == ["Mode", "TARGET"]


@pytest.mark.parametrize("name", ["TARGET", "InstanceId"])
def test_a_target_parameter_without_a_value_is_rejected(name: str) -> None:
    target = ExecutionParameter(name, "TARGET", ())
    with pytest.raises(Refused, match=f"needs a TARGET.*{name}"):
        check_known([target, MODE], {}, "act-1")
    with pytest.raises(Refused, match="needs a TARGET"):
        check_known([ExecutionParameter(name, "TARGET", ("db-1",))], {name: []}, "act-1")
    check_known([target], {name: ["db-1"]}, "act-1")
    check_known([ExecutionParameter(name, "TARGET", ("db-1",))], {}, "act-1")
