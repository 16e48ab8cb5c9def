# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a fleet in AWX, and the problems that prevent its creation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.selfservice.aws.plugins.filter.awx_fleet import awx_fleet

NAME = "Databases - Run a service action"
FIELDS = ["access_key_id", "secret_access_key", "session_token", "region", "endpoint_url"]
KEYS = {"AWS_ACCESS_KEY_ID": "{{ access_key_id }}", "AWS_REGION": "{{ region }}"}
TYPE = {"id": 3, "inputs": {"fields": [{"id": field} for field in FIELDS]}, "injectors": {"env": KEYS}}
# AWX's own type for AWS injects its variables in code.
AWS = {"id": 12, "namespace": "aws", "inputs": {}, "injectors": {}}
REGION = {"id": 13, "inputs": {}, "injectors": {"env": {"AWS_REGION": "{{ region }}"}}}
VAULT = {"id": 14, "inputs": {}, "injectors": {}}
CREDENTIAL = {"id": 4, "credential_type": 3, "inputs": {"access_key_id": "A", "secret_access_key": "$encrypted$"}}
TEMPLATE = {"id": 8, "name": NAME, "extra_vars": json.dumps({"awx_fleet_mark": NAME})}
EMPTY: dict[str, Any] = {
    "me": [{"id": 9, "is_superuser": True}],
    "organizations": [{"id": 1}],
    "projects": [{"id": 2}],
    "playbooks": ["bulk_service_action.yml"],
}
FULL: dict[str, Any] = {
    **EMPTY,
    "credential_types": [TYPE],
    "all_credential_types": [TYPE, AWS, REGION, VAULT],
    "credentials": [CREDENTIAL],
    "execution_environments": [{"id": 5, "organization": None}],
    "inventories": [{"id": 6, "kind": ""}],
    "inventory_sources": [{"id": 7}],
    "job_templates": [TEMPLATE],
}
OPTIONS = {
    "name": "Databases",
    "organization": "Default",
    "project": "Operations",
    "playbook": "",
    "source_file": "",
    "service_actions": [],
    "credential": "AWS databases",
    "credential_type": "AWS keys",
    "has_secret_key": True,
    "inputs": {"access_key_id": "A", "region": "", "endpoint_url": ""},
    "default_inputs": {"region": "us-east-1", "endpoint_url": ""},
    "execution_environment": "ee",
    "image": "",
}
NO_KEYS = {"has_secret_key": False, "inputs": {}}
RESTART = {
    "name": "Restart",
    "parameters": [{"name": "TARGET", "type": "TARGET"}, {"name": "M", "default_values": ["x"]}],
}
STOP = {"name": "Stop", "parameters": None}
RESIZE = {"name": "Resize", "parameters": [{"name": "Size", "type": "TEXT_VALUE"}]}
ACTIONS = (RESTART, STOP, RESIZE)


def plan(found: dict[str, Any], *, actions: Any = ACTIONS, **options: Any) -> dict[str, Any]:
    return awx_fleet(found, {**OPTIONS, **options}, actions)


def test_a_complete_fleet_needs_no_changes() -> None:
    done = plan(FULL, **NO_KEYS)
    assert (done["problems"], done["missing"]) == ([], [])
    assert done["ids"] == {
        "organization": 1,
        "project": 2,
        "credential_type": 3,
        "credential": 4,
        "execution_environment": 5,
        "inventory": 6,
        "inventory_source": 7,
        "job_template": 8,
    }


def test_missing_resources_are_named_in_the_order_of_their_creation() -> None:
    done = plan(EMPTY, image="example.org/ee:1")
    assert done["problems"] == []
    assert done["missing"] == [
        "credential type AWS keys",
        "credential AWS databases",
        "execution environment ee",
        "inventory Databases",
        "inventory source Databases",
        f"job template {NAME}",
    ]


@pytest.mark.parametrize(
    ("found", "inputs", "expected"),
    [
        ({}, {"access_key_id": "A"}, {"access_key_id": "A", "region": "us-east-1"}),
        ({}, {"access_key_id": "A", "region": "eu-west-1"}, {"access_key_id": "A", "region": "eu-west-1"}),
        ({"credentials": [CREDENTIAL]}, {}, CREDENTIAL["inputs"]),
        ({"credentials": [CREDENTIAL]}, {"region": "eu-west-1"}, {**CREDENTIAL["inputs"], "region": "eu-west-1"}),
        (
            {"credentials": [{**CREDENTIAL, "inputs": {"session_token": "$encrypted$", "region": "r"}}]},
            {"access_key_id": "B"},
            {"access_key_id": "B", "region": "r"},
        ),
        ({"credentials": [{"id": 4, "credential_type": 99, "inputs": {}}]}, {}, None),
    ],
    ids=["new", "new in a region", "nothing given", "another region", "other keys", "another type"],
)
def test_a_credential_keeps_inputs_that_are_not_set(found: dict[str, Any], inputs: Any, expected: Any) -> None:
    assert plan({**EMPTY, "credential_types": [TYPE], **found}, inputs=inputs)["inputs"] == expected


# A credential of each type; the id of each is ten times that of its type.
ASSOCIATED = [{"id": 10 * kind["id"], "credential_type": kind["id"]} for kind in (TYPE, AWS, REGION, VAULT)]


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ({}, [140]),
        ({"credentials": [], "credential_types": []}, [140]),
        ({"credentials": [{**CREDENTIAL, "credential_type": AWS["id"]}]}, [130, 140]),
        ({"inventory_sources": [{"id": 7, "credential": 140}]}, []),
    ],
    ids=["own type", "own type is missing", "AWX's type for AWS", "the fleet had another credential"],
)
def test_the_job_template_keeps_credentials_that_inject_other_variables(found: dict[str, Any], kept: list[int]) -> None:
    assert plan({**FULL, "template_credentials": ASSOCIATED, **found})["kept_credentials"] == kept


SURVEY = {
    "spec": [
        {"variable": "run_service_action_max_concurrency", "default": "5"},
        {"variable": "run_service_action_max_errors", "default": "10%"},
    ]
}


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        ({}, {}, ("bulk_service_action.yml", "fleet.servicecatalog.yml", "50", "0")),
        (
            {
                "job_templates": [{**TEMPLATE, "playbook": "fleet.yml"}],
                "inventory_sources": [{"id": 7, "source_path": "own.servicecatalog.yml"}],
                "surveys": [SURVEY],
                "playbooks": ["fleet.yml"],
            },
            {},
            ("fleet.yml", "own.servicecatalog.yml", "5", "10%"),
        ),
        (
            {"surveys": [SURVEY], "playbooks": ["other.yml"]},
            {"playbook": "other.yml", "source_file": "new.yml", "max_concurrency": "7", "max_errors": 0},
            ("other.yml", "new.yml", "7", "0"),
        ),
    ],
    ids=["new", "kept", "given"],
)
def test_settings_that_are_not_given_are_kept(found: dict[str, Any], options: Any, expected: Any) -> None:
    done = plan({**FULL, **found}, **options)
    assert done["problems"] == []
    template = done["job_template"]
    defaults = {question["variable"]: question.get("default") for question in template["survey_spec"]["spec"]}
    limits = [defaults[f"run_service_action_{name}"] for name in ("max_concurrency", "max_errors")]
    assert (template["playbook"], done["source_file"], *limits) == expected


def test_the_survey_offers_only_actions_that_need_no_answers() -> None:
    done = plan(FULL, max_concurrency="10%", max_errors="5%")
    spec = {question["variable"]: question for question in done["job_template"]["survey_spec"]["spec"]}
    assert spec["service_action_name"]["choices"] == ["Restart", "Stop"]
    assert spec["run_service_action_max_concurrency"]["default"] == "10%"
    assert spec["run_service_action_max_errors"]["default"] == "5%"
    assert done["left_out"] == ["Resize"]
    chosen = plan(FULL, service_actions=["Stop"])["job_template"]["survey_spec"]["spec"][0]
    assert chosen["choices"] == ["Stop"]


@pytest.mark.parametrize(
    ("found", "options", "message"),
    [
        ({"organizations": []}, {}, "AWX has no organization Default that the user can see."),
        ({"projects": []}, {}, "The organization Default has no project Operations that the user can see."),
        (
            {"playbooks": ["other.yml"]},
            {},
            "The project Operations has no playbook bulk_service_action.yml (it has other.yml).",
        ),
        ({"inventories": [{"id": 6, "kind": "smart"}]}, {}, "The smart inventory Databases can't have a source."),
        ({}, {"name": "a++b"}, "AWX can't look up a name with ++"),
        ({"projects": [{"id": 2, "scm_type": ""}]}, {}, "AWX can't read an inventory source from the manual project "),
        ({}, {"name": "7"}, "awx.awx would take the name 7 for the id of another object."),
        ({}, {"credential": "7"}, "awx.awx would take the name 7 for the id of another object."),
        ({"job_templates": [{**TEMPLATE, "extra_vars": ""}]}, {}, "was not created by this playbook."),
        ({"job_templates": [{**TEMPLATE, "extra_vars": "--- {not ours"}]}, {}, "was not created by this playbook."),
        ({"job_templates": [{**TEMPLATE, "name": "copied"}]}, {}, "The job template copied was not created by this"),
        ({"execution_environments": []}, {}, "AWX has no execution environment ee. Give its image"),
        (
            {"execution_environments": [{"id": 5, "organization": 99}]},
            {},
            "does not belong to the organization Default",
        ),
        (
            {"organizations": [{"id": 1, "summary_fields": {"user_capabilities": {"edit": False}}}]},
            {},
            "Ask an administrator of AWX to give the user the role Admin of this organization.",
        ),
        ({}, {"has_secret_key": False}, "Give awx_fleet_access_key and awx_fleet_secret_key together."),
        ({}, {"inputs": {}}, "Give awx_fleet_access_key and awx_fleet_secret_key together."),
        ({"credentials": [CREDENTIAL, CREDENTIAL]}, {}, "has 2 credentials AWS databases. Rename all but one"),
        (
            {"credentials": []},
            NO_KEYS,
            "The organization Default has no credential AWS databases. Create it in AWX, or",
        ),
        ({"credentials": [{**CREDENTIAL, "credential_type": 99}]}, {}, "so it has no access_key_id."),
        (
            {"credentials": [], "credential_types": [{"id": 3, "inputs": {}}]},
            {},
            "The credential type AWS keys lacks the fields",
        ),
        (
            {"credentials": [], "credential_types": [], "me": [{"id": 9, "is_superuser": False}]},
            {},
            "only a superuser can create it, once for all organizations. Ask one",
        ),
        ({}, {"actions": []}, "The product has no service action."),
        ({}, {"actions": [RESIZE]}, "Every service action has a parameter without a default"),
        ({}, {"service_actions": ["Start"]}, "The product has no service action Start. It has: Restart, Stop, Resize."),
        ({}, {"service_actions": ["Resize"]}, "The service action Resize has a parameter without a default"),
    ],
)
def test_a_problem_is_reported(found: dict[str, Any], options: dict[str, Any], message: str) -> None:
    (problem,) = plan({**FULL, **found}, **options)["problems"]
    assert message in problem


def test_a_credential_that_is_not_changed_may_have_a_number_as_its_name() -> None:
    credential = {**CREDENTIAL, "credential_type": AWS["id"]}
    assert plan({**FULL, "credentials": [credential]}, credential="123456789012", **NO_KEYS)["problems"] == []


def test_all_problems_are_reported_together() -> None:
    done = plan({**FULL, "playbooks": [], "inventories": [{"id": 6, "kind": "constructed"}]}, service_actions=["Start"])
    assert len(done["problems"]) == 3
