# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execute_token filter, which derives the same token as a bulk task."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.filter.execute_token import FilterModule
from ansible_collections.selfservice.aws.plugins.module_utils._action.tokens import derive_token

token = FilterModule().filters()["execute_token"]
IDS = {"provisioned_product_id": "pp-1", "service_action_id": "act-1"}


@pytest.mark.parametrize("given", [{"Retention": 30}, {"Retention": "30"}, {"Retention": ["30"]}])
def test_the_token_equals_that_of_a_bulk_task(given: dict[str, Any]) -> None:
    parameters = {"Retention": ["30"], "Pin": ["1234"]}
    wanted = derive_token("change", "pp-1", "act-1", parameters=parameters, secret_names=["Pin"])
    assert token("change", **IDS, parameters=given, sensitive_parameters={"Pin": "9999"}) == wanted
    assert token("change", **IDS, parameters=given) != wanted


def test_a_value_that_cannot_be_sent_is_rejected() -> None:
    with pytest.raises(AnsibleFilterError, match="null for 'Mode'"):
        token("change", **IDS, parameters={"Mode": None})
