# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API calls of a bulk run with a long history, under the managed policy AWSServiceCatalogEndUserFullAccess."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.selfservice.aws.plugins.modules.servicecatalog_service_action_bulk import run_on_many
from emulator import Emulator
from emulator.operations import execute_provisioned_product_service_action

OWN = [f"pp-own{number:010}" for number in range(100)]
FULL = "AWSServiceCatalogEndUserFullAccess"
AT_ROLE = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "servicecatalog:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"servicecatalog:roleLevel": "self"}},
        }
    ]
}
STRANGER = "arn:aws:sts::123456789012:assumed-role/Other/stranger"


def create_history(emulator: Emulator, seconds: float, policy: Any, owner: dict[str, str]) -> None:
    """Create 100 products of an owner with 500 older records, and 5,000 records on a product of another user."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    plain = {"product": "prod-1", "artifact": "pa-1"}
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": seconds}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "provisioned_products": [
                *({"id": each, "name": each, **plain, **owner} for each in OWN),
                {"id": "pp-theirs", "name": "theirs", **plain, "user_arn": STRANGER},
            ],
            "callers": [{"policy": policy}],
        }
    )
    endpoint = emulator.server.endpoint
    with endpoint.lock:
        for number in range(5500):
            product = "pp-theirs" if number % 11 else OWN[number // 11 % 100]
            members = {"ProvisionedProductId": product, "ServiceActionId": "act-1", "ExecuteToken": f"old-{number}"}
            execute_provisioned_product_service_action(endpoint.catalog, members)
    emulator.advance(3600)


@pytest.mark.parametrize(
    ("seconds", "policy", "owner", "most"),
    [
        (10, FULL, {}, 1.5),
        (60, FULL, {}, 2.5),
        # A caller who may act on products of other users sees their records at the level Account.
        (10, None, {"user_arn": STRANGER}, 1.5),
    ],
)
def test_a_bulk_run_makes_few_calls_per_target(
    make_attempt: Callable[..., Any],
    emulator: Emulator,
    seconds: float,
    policy: str | None,
    owner: dict[str, str],
    most: float,
) -> None:
    create_history(emulator, seconds, policy, owner)
    params = {"provisioned_product_ids": OWN, "service_action_id": "act-1"}
    attempt = make_attempt(run_on_many, params)
    result = attempt.run()
    assert result["summary"]["succeeded"] == 100
    assert result["summary"]["api_calls"] <= most * 100
    assert attempt.warnings == []
    assert [call for call in emulator.calls() if call["error_code"]] == []


@pytest.mark.parametrize(
    ("share", "policy", "most"),
    [
        (True, FULL, 1.5),
        # Another session has no records at the user's level, and reads them at the account's.
        (False, None, 1.5),
        # Or one by one.
        (False, AT_ROLE, 5.5),
    ],
)
def test_another_session_of_the_role_continues_a_change_with_more_calls_if_it_does_not_share_the_user_level(
    make_attempt: Callable[..., Any], emulator: Emulator, share: bool, policy: Any, most: float
) -> None:
    create_history(emulator, 20, policy, {"user_arn": "arn:aws:sts::123456789012:assumed-role/SelfService/job-1"})
    emulator.set(sessions_share_user_level=share)
    params = {"provisioned_product_ids": OWN, "service_action_id": "act-1", "change_id": "CHG-1"}
    started = make_attempt(run_on_many, {**params, "wait": False}).run()
    emulator.advance(5)
    result = make_attempt(run_on_many, params).run()
    assert result["summary"]["succeeded"] == 100
    assert [each["changed"] for each in result["results"]] == [False] * 100
    ids = [[each["record_detail"]["record_id"] for each in run["results"]] for run in (started, result)]
    assert ids[0] == ids[1]
    assert len(emulator.records()) == 5500 + 100
    assert result["summary"]["api_calls"] <= most * 100


def test_another_session_of_the_role_is_refused_by_the_managed_policy_if_it_does_not_share_the_user_level(
    make_attempt: Callable[..., Any], emulator: Emulator
) -> None:
    create_history(emulator, 10, FULL, {"user_arn": "arn:aws:sts::123456789012:assumed-role/SelfService/job-1"})
    result = make_attempt(run_on_many, {"provisioned_product_ids": OWN, "service_action_id": "act-1"}).result()
    assert result["failed"]
    assert {each["error"]["code"] for each in result["results"] if each["error"]} == {"AccessDeniedException"}
    assert len(emulator.records()) == 5500
