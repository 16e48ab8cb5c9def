# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derived tokens: equal for the same request and different for any other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import derive_token, new_token

GIVEN: dict[str, Any] = {
    "seed": "seed",
    "product_id": "pp-1",
    "action_id": "act-1",
    "parameters": {"Mode": ["a"], "Pin": ["1234"]},
    "secret_names": ["Pin"],
}


def test_new_tokens_are_unique() -> None:
    assert new_token() != new_token()


def test_the_same_request_always_derives_the_same_valid_token() -> None:
    token = derive_token(**GIVEN)
    assert token == derive_token(**GIVEN)
    assert token == derive_token(**{**GIVEN, "parameters": {"Pin": ["9999"], "Mode": ["a"]}})
    assert len(token) == 64
    assert token.isalnum()


@pytest.mark.parametrize(
    "more",
    [
        {"seed": "other"},
        {"product_id": "pp-2"},
        {"action_id": "act-2"},
        {"parameters": {"Mode": ["b"], "Pin": ["1234"]}},
        {"parameters": {"Mode": ["a"]}, "secret_names": []},
    ],
)
def test_a_token_depends_on_seed_product_action_and_parameters(more: dict[str, Any]) -> None:
    assert derive_token(**{**GIVEN, **more}) != derive_token(**GIVEN)
