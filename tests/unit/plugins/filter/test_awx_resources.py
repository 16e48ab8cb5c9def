# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of an AWX organization, and the messages about missing ones."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.filter.awx_resources import awx_resources

AWS, REGION, FLEET = 3, 7, 20
INJECTORS = {"env": {"AWS_REGION": "{{ region }}", "AWS_ENDPOINT_URL": "{{ endpoint_url }}"}}
FOUND: dict[str, list[Any]] = {
    "me": [{"username": "ops", "is_superuser": False}],
    "organizations": [{"id": 1, "name": "Default", "summary_fields": {"user_capabilities": {"edit": True}}}],
    "projects": [{"id": 2, "name": "Operations"}],
    "playbooks": ["run_service_action.yml"],
    "inventories": [],
    "execution_environments": [{"id": 9, "organization": 1, "image": "ee:1", "pull": "never"}],
    "credential_types": [{"id": REGION, "injectors": INJECTORS}],
    "all_credential_types": [
        {"id": AWS, "namespace": "aws", "injectors": {}},
        {"id": REGION, "injectors": INJECTORS},
        {"id": FLEET, "injectors": {"env": {"AWS_ACCESS_KEY_ID": "{{ access_key_id }}", **INJECTORS["env"]}}},
        {"id": 13, "injectors": {}},
    ],
    "credentials": [
        {"id": 4, "name": "AWS operator", "organization": 1, "credential_type": AWS, "inputs": {}},
        {"id": 5, "name": "AWS operator", "organization": 8, "credential_type": AWS, "inputs": {}},
        {"id": 6, "name": "AWS us-east-1", "organization": 8, "credential_type": REGION, "inputs": {}},
        {
            "id": 11,
            "name": "AWS us-east-1",
            "organization": 1,
            "credential_type": REGION,
            "inputs": {"region": "us-east-1", "endpoint_url": "https://vpce.example.com"},
        },
        {"id": 12, "name": "Vault", "organization": 1, "credential_type": 13, "kind": "vault", "inputs": {}},
        {"id": 21, "name": "AWS databases", "organization": 1, "credential_type": FLEET, "inputs": {}},
    ],
}
RULE = "DTSTART:20300101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"
CONTROLLERS = [
    {"id": number, "name": name, "organization": 1, "credential_type": 99, "kind": "controller", "inputs": {}}
    for number, name in ((14, "Controller"), (15, "Controller 2"))
]
VAULTS = [
    {"id": number, "name": name, "organization": 1, "credential_type": 13, "kind": "vault", "inputs": {"vault_id": key}}
    for number, name, key in ((16, "Vault a", "a"), (17, "Vault b", "b"), (18, "another Vault a", "a"))
]
WANTED: dict[str, Any] = {
    "organization": "Default",
    "project": "Operations",
    "playbooks": {"run_service_action.yml": "run_service_action"},
    "inventory": "selfservice.aws",
    "image": "ee:1",
    "execution_environment": "selfservice.aws Default",
    "credentials": ["AWS operator"],
    "credential_type": "AWS region and endpoint",
    "credential": "AWS us-east-1",
    "inputs": {"region": "us-east-1"},
}


def resources(found: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
    result: dict[str, Any] = awx_resources({**FOUND, **(found or {})}, {**WANTED, **wanted})
    return result


def test_ids_belong_to_the_organization_and_inputs_that_are_not_set_are_kept() -> None:
    assert resources() == {
        "problems": [],
        "organization": 1,
        "project": 2,
        "inventory": None,
        "execution_environment": 9,
        "credential_type": REGION,
        "credential": 11,
        "controller_credential": None,
        "credentials": [4, 11],
        "kept_credentials": [12],
        "update_kept_credentials": [12],
        "inputs": {"region": "us-east-1", "endpoint_url": "https://vpce.example.com"},
        "image_changes": False,
        "pull": "never",
        "is_incomplete": False,
    }


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ({}, {"image": "ee:2"}, {"image_changes": True, "is_incomplete": False, "pull": "never"}),
        (
            {"execution_environments": []},
            {},
            {"image_changes": True, "is_incomplete": True, "execution_environment": None, "pull": "missing"},
        ),
        ({"execution_environments": []}, {"image": "", "execution_environment": ""}, {"image_changes": False}),
        ({"execution_environments": [{"id": 9, "organization": None, "image": "ee:1"}]}, {}, {"image_changes": False}),
        ({}, {"credential": "new"}, {"credential": None, "credentials": [4], "is_incomplete": True}),
        ({}, {"inputs": {}}, {"credentials": [4], "kept_credentials": [6, 11, 12], "is_incomplete": False}),
        (
            {},
            {"credentials": ["AWS databases"], "inputs": {}},
            {"credentials": [21], "kept_credentials": [12]},
        ),
        # The keys may come from a credential that was given before.
        ({}, {"credentials": []}, {"credentials": [11], "kept_credentials": [4, 5, 12, 21]}),
        ({}, {"moves_inventory": True}, {"is_incomplete": True}),
        (
            {"credential_types": [], "me": [{"username": "root", "is_superuser": True}]},
            {},
            {"credential_type": None, "credential": None, "kept_credentials": [6, 11, 12]},
        ),
        # Only the job template of the scheduled job gets the credential for AWX itself.
        (
            {"credentials": [*FOUND["credentials"], *CONTROLLERS]},
            {"schedule": RULE, "controller_credential": "Controller 2"},
            {"controller_credential": 15, "kept_credentials": [12, 14, 15], "update_kept_credentials": [12]},
        ),
        # A job template can have several credentials of the type Vault, with different vault ids.
        (
            {"credentials": [*FOUND["credentials"], *VAULTS]},
            {"credentials": ["Vault a"]},
            {"credentials": [16, 11], "kept_credentials": [4, 5, 12, 21, 17]},
        ),
    ],
)
def test_the_resources_to_create_or_change_are_returned(
    found: dict[str, Any], wanted: dict[str, Any], expected: dict[str, Any]
) -> None:
    result = resources(found, **wanted)
    assert {name: result.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("found", "wanted", "message"),
    [
        ({"organizations": []}, {}, "AWX has no organization Default that ops can see."),
        (
            {
                "organizations": [
                    {**FOUND["organizations"][0], "summary_fields": {"user_capabilities": {"edit": False}}}
                ]
            },
            {},
            "Ask an administrator of AWX to give ops the role Admin of this organization.",
        ),
        ({"projects": [], "playbooks": []}, {}, "has no project Operations that ops can see."),
        (
            {"playbooks": []},
            {},
            'with the line "- import_playbook: selfservice.aws.run_service_action", and sync the project in AWX.',
        ),
        ({"playbooks": ["a.yml", "b.yml"]}, {}, "(it has a.yml, b.yml)"),
        ({}, {"credentials": ["x"]}, "has no credential x. Create it, or give the name of another."),
        (
            {"credentials": [*FOUND["credentials"], {**FOUND["credentials"][0], "credential_type": 99}]},
            {},
            "has 2 credentials AWS operator. Rename all but one, or give the name of another.",
        ),
        ({"execution_environments": []}, {"image": ""}, "AWX has no execution environment selfservice.aws Default."),
        (
            {"execution_environments": [{"id": 9, "organization": 8, "image": "ee:1"}]},
            {},
            "does not belong to the organization Default",
        ),
        ({"execution_environments": [{"id": 9, "organization": None, "image": "ee"}]}, {}, "Give another name."),
        ({"credential_types": []}, {}, "only a superuser can create it, once for all organizations."),
        ({}, {"inventory": "7"}, "awx.awx would take the name 7 for the id of another object."),
        ({}, {"credential": "7"}, "awx.awx would take the name 7 for the id of another object."),
        ({}, {"schedule": RULE}, "A schedule needs awx_job_templates_controller_credential"),
        ({}, {"schedule": RULE, "controller_credential": "x"}, "has no credential x."),
        ({}, {"schedule": "daily", "controller_credential": "Vault"}, "AWX does not accept this schedule."),
        (
            {},
            {"schedule": RULE.replace("Z ", " "), "controller_credential": "Vault"},
            "DTSTART:20300101T030000Z RRULE:FREQ=DAILY;INTERVAL=1, or DTSTART;TZID=Europe/Berlin:20300101T030000",
        ),
        ({"credential_types": [{"id": 7, "injectors": {}}]}, {}, "Give another awx_job_templates_credential_type."),
    ],
)
def test_missing_resources_are_reported_with_instructions(
    found: dict[str, Any], wanted: dict[str, Any], message: str
) -> None:
    result = resources(found, **wanted)
    assert list(result) == ["problems"]
    assert len(result["problems"]) == 1
    assert message in result["problems"][0]


@pytest.mark.parametrize("start", [":20300101T030000Z", ";TZID=Europe/Berlin:20300101T030000"])
def test_a_schedule_starts_in_utc_or_in_a_named_time_zone(start: str) -> None:
    rule = f"DTSTART{start} RRULE:FREQ=DAILY;INTERVAL=1"
    assert resources(schedule=rule, controller_credential="Vault")["problems"] == []
