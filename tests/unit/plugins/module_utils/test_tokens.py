# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change ids, and tokens that are equal only for the same request."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import yaml
from ansible_collections.selfservice.aws.plugins.module_utils._action import plan
from ansible_collections.selfservice.aws.plugins.module_utils._action.parameters import to_parameters
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import Change, change_of
from ansible_collections.selfservice.aws.plugins.module_utils._bulk.target import given_targets, make_plans
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Reference
from hypothesis import given
from hypothesis import strategies as st

GIVEN: dict[str, Any] = {
    "product_id": "pp-1",
    "action_id": "act-1",
    "parameters": {"Mode": ["a"], "Pin": ["1234"]},
    "secret_names": ["Pin"],
}
CHANGE = Change("CHG-1")
WORD = st.text(st.characters(exclude_categories=("C", "Zl", "Zp", "Zs")), min_size=1, max_size=50)
PRINTABLE = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


def test_new_changes_are_unique() -> None:
    assert change_of(None).id != change_of(None).id
    assert change_of(None).is_new


def test_the_same_request_always_derives_the_same_valid_token() -> None:
    token = CHANGE.token(**GIVEN)
    assert token == CHANGE.token(**GIVEN)
    assert token == CHANGE.token(**{**GIVEN, "parameters": {"Pin": ["9999"], "Mode": ["a"]}})
    assert len(token) == 64
    assert token.isalnum()


@pytest.mark.parametrize(
    "more",
    [
        {"product_id": "pp-2"},
        {"action_id": "act-2"},
        {"parameters": {"Mode": ["b"], "Pin": ["1234"]}},
        {"parameters": {"Mode": ["a"]}, "secret_names": []},
        {"attempt": 2},
    ],
)
def test_a_token_depends_on_product_action_parameters_and_attempt(more: dict[str, Any]) -> None:
    assert CHANGE.token(**{**GIVEN, **more}) != CHANGE.token(**GIVEN)


REQUESTS = st.tuples(
    PRINTABLE,
    st.sampled_from(["pp-1", "pp-2"]),
    st.sampled_from(["act-1", "act-2"]),
    st.dictionaries(st.sampled_from(["A", "B"]), st.lists(st.sampled_from(["a", "b"]), max_size=2)),
    st.sets(st.sampled_from(["A", "B"])),
    st.integers(1, 100),
)


@given(REQUESTS, REQUESTS)
def test_different_requests_never_share_a_token(one: Any, other: Any) -> None:
    def key(change: str, product: str, action: str, parameters: Any, secrets: set[str], attempt: int) -> Any:
        plain = {name: values for name, values in parameters.items() if name not in secrets}
        return (change, product, action, plain, secrets, attempt)

    def token(change: str, product: str, action: str, parameters: Any, secrets: set[str], attempt: int) -> str:
        change = change_of(change)
        return change.token(product, action, parameters=parameters, secret_names=secrets, attempt=attempt)

    normalised = [(change_of(each[0]).id, *each[1:]) for each in (one, other)]
    assert (token(*one) == token(*other)) is (key(*normalised[0]) == key(*normalised[1]))


VALUES = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.text("ab1", min_size=1, max_size=3))


@given(PRINTABLE, VALUES, VALUES, VALUES)
def test_single_and_bulk_requests_have_the_same_token_for_the_same_target(
    change_id: str, common: dict[str, str], own: dict[str, str], secret: dict[str, str]
) -> None:
    change, secrets = change_of(change_id), to_parameters(secret, "sensitive_parameters")
    parameters = {**to_parameters({**common, **own}, "parameters"), **secrets}
    references = {"target": Reference("pp-1"), "action": Reference("act-1")}
    one = plan.plan(None, **references, parameters=parameters, secret_names=secrets, change=change)
    params = {"provisioned_product_ids": None, "provisioned_product_names": None}
    params["targets"] = [{"provisioned_product_id": "pp-1", "parameters": own}]
    (many,) = given_targets(params, to_parameters(common, "parameters"), secrets)
    many.action_id = "act-1"
    make_plans([many], change, secrets, {"wait_until_available": False, "service_action_id": "act-1"})
    assert many.plan.request.execute_token == one.request.execute_token
    assert many.plan.with_attempt(2).request.execute_token == one.with_attempt(2).request.execute_token


@given(PRINTABLE)
def test_any_printable_text_is_a_valid_change_id_and_is_quoted_unchanged(text: str) -> None:
    change = change_of(f"  {text}\n")
    assert change == Change(unicodedata.normalize("NFC", text))
    assert change == change_of(yaml.safe_load(change.option)["change_id"])


@pytest.mark.parametrize("text", ["CHG-1.", "CHG-1-", "v1_"])
def test_punctuation_at_the_end_of_a_change_id_is_quoted(text: str) -> None:
    assert change_of(text).option == f'change_id: "{text}"'


def test_a_whole_number_as_a_change_id_becomes_its_digits() -> None:
    assert change_of(4711).id == "4711"


@pytest.mark.parametrize(
    ("written", "change_id"),
    [
        ("0o17", "0o17"),
        ("017", "15"),
        ("1_000", "1000"),
        ("12:30", "750"),
        ("0x1F", "31"),
        ("-5", "-5"),
        ("1e3", "1e3"),
        ("4711-2", "4711-2"),
        *((written, None) for written in ("yes", "off", "TRUE", "1.0", "4711.", "12:30.5", "1.0e+3", ".inf", ".NaN")),
        *((written, None) for written in ("[CHG-1]", "CHG: 1")),
    ],
)
def test_a_change_id_is_the_string_or_whole_number_that_yaml_reads(written: str, change_id: Any) -> None:
    read = yaml.safe_load(written)
    if change_id is None:
        with pytest.raises(InvalidInput, match="quote it"):
            change_of(read)
    else:
        assert change_of(read).id == change_id


@pytest.mark.parametrize("number", [10**512 - 1, -(10**511 - 1)], ids=["positive", "negative"])
def test_a_number_can_have_as_many_digits_as_a_string_can_have_characters(number: int) -> None:
    assert change_of(number).id == str(number)


# Python itself refuses to convert some of these numbers to a string.
@pytest.mark.parametrize(
    "given",
    [10**512, -(10**511), 10**5000, -(10**5000), [10**5000], {"a": 10**5000}, ["a" * 5000]],
    ids=lambda given: type(given).__name__,
)
def test_a_value_that_is_far_too_long_is_rejected_with_a_short_message(given: Any) -> None:
    with pytest.raises(InvalidInput, match="change_id") as caught:
        change_of(given)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("given", ["", "  ", "x" * 513, "a\nb", "a\x1bb", "a\u202eb", "\ud800"])
def test_values_other_than_printable_text_are_rejected(given: str) -> None:
    with pytest.raises(InvalidInput, match="change_id"):
        change_of(given)


def test_a_task_with_a_token_is_repeated_with_it() -> None:
    assert change_of(None, "t-1").option == "execute_token: t-1"
    assert change_of(None, "000123").option == 'execute_token: "000123"'
    assert change_of(None, "t-1").token(**GIVEN) == "t-1"
