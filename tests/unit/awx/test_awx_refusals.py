# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWX rejects the same HTTP requests as AWX."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from awx import Awx
from awx.surveys import check_survey

SURVEY = {"name": "", "description": ""}
QUESTION = {"type": "text", "question_name": "Mode", "variable": "mode", "required": False}
CHOICE = {**QUESTION, "type": "multiplechoice", "choices": "a\n\nb"}
TEMPLATE = {"name": "t", "project": 2, "playbook": "run_service_action.yml", "ask_inventory_on_launch": True}
CREDENTIAL = {"name": "x", "credential_type": 3, "organization": 1}
DAILY = "DTSTART:20300101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"
ENV = {"fields": [{"id": "region", "label": "Region"}]}


@pytest.fixture(scope="module")
def running_awx() -> Iterator[Awx]:
    with Awx() as running:
        yield running


@pytest.fixture
def awx(running_awx: Awx) -> Awx:
    running_awx.reset()
    return running_awx


def call(
    awx: Awx, method: str, path: str, sent: Any = None, *, token: str | None = None, prefix: str = ""
) -> tuple[int, Any]:
    """Send a request, and return the status and the body of the response."""
    token = token or awx.environment["CONTROLLER_OAUTH_TOKEN"]
    request = urllib.request.Request(
        f"{awx.url}/api/{prefix}v2/{path}",
        data=None if sent is None else json.dumps(sent).encode(),
        headers={"Authorization": f"Bearer {token}"},
        method=method,
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "message"),
    [
        ("GET", "nothing/", None, 404, "Not found"),
        ("GET", "job_templates/99/", None, 404, "Not found"),
        ("GET", "job_templates/C++/", None, 404, "Not found"),
        ("POST", "organizations/", {"name": "x"}, 405, "not allowed"),
        ("PUT", "credentials/4/", {}, 405, "not allowed"),
        ("PATCH", "credential_types/3/", {"name": "x"}, 403, "permission"),
        ("GET", "job_templates/?nothing=1", None, 400, "no field named"),
        ("GET", "job_templates/?extra_vars=1", None, 400, "Filtering on field extra_vars is not allowed"),
        ("POST", "job_templates/", {**TEMPLATE, "nothing": 1}, 400, "Unknown field"),
        ("POST", "job_templates/", {**TEMPLATE, "name": ""}, 400, "may not be blank"),
        ("POST", "job_templates/", {**TEMPLATE, "forks": "5"}, 400, "Not a valid value"),
        ("POST", "job_templates/", {**TEMPLATE, "project": 99}, 400, "object does not exist"),
        ("POST", "job_templates/", {**TEMPLATE, "project": None}, 400, "must have a project"),
        ("POST", "job_templates/", {**TEMPLATE, "playbook": "x.yml"}, 400, "Playbook not found for project"),
        ("POST", "job_templates/", {**TEMPLATE, "ask_inventory_on_launch": False}, 400, "ask to prompt on launch"),
        ("POST", "job_templates/", {**TEMPLATE, "extra_vars": "[1]"}, 400, "Cannot parse"),
        ("POST", "job_templates/", {"playbook": "run_service_action.yml", "project": 2}, 400, "This field is required"),
        ("POST", "inventories/", {"name": "x"}, 400, "This field is required"),
        ("POST", "execution_environments/", {"name": "x", "image": ""}, 400, "may not be blank"),
        ("POST", "credentials/", {"name": "x", "credential_type": 3}, 400, "Missing 'user', 'team'"),
        (
            "POST",
            "credentials/",
            {**CREDENTIAL, "name": "AWS operator"},
            400,
            "already exists",
        ),
        ("POST", "credential_types/", {"name": "Amazon Web Services", "kind": "cloud"}, 400, "already exists"),
        ("POST", "schedules/", {"name": "x", "unified_job_template": 99, "rrule": DAILY}, 400, "object does not exist"),
        ("POST", "credentials/", {**CREDENTIAL, "inputs": {"region": "x"}}, 400, "Invalid fields: region"),
        ("POST", "credential_types/", {"name": "x", "kind": "ssh"}, 400, "not a valid choice"),
        (
            "POST",
            "credential_types/",
            {"name": "x", "kind": "cloud", "inputs": ENV, "injectors": {"env": {"A-B": "{{ region }}"}}},
            400,
            "not allowed as the name",
        ),
        (
            "POST",
            "credential_types/",
            {"name": "x", "kind": "cloud", "inputs": ENV, "injectors": {"env": {"A": "{{ zone }}"}}},
            400,
            "undefined field",
        ),
    ],
)
def test_an_invalid_request_is_rejected(awx: Awx, method: str, path: str, sent: Any, status: int, message: str) -> None:
    before = json.dumps(awx.store.items)
    response = call(awx, method, path, sent)
    assert response[0] == status
    assert message in json.dumps(response[1])
    assert json.dumps(awx.store.items) == before


def test_a_wrong_token_is_rejected(awx: Awx) -> None:
    assert call(awx, "GET", "projects/", token="another")[0] == 401


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"name": "", "spec": [QUESTION]}, "Field 'description' is missing"),
        ({"name": 1, "description": "", "spec": [QUESTION]}, "Expected str for field 'name'"),
        ({**SURVEY, "spec": []}, "doesn't contain any items"),
        ({**SURVEY, "spec": ["x"]}, "not a json object"),
        ({**SURVEY, "spec": [{**QUESTION, "required": "yes"}]}, "'required' in survey question 0"),
        ({**SURVEY, "spec": [{**QUESTION, "variable": None}]}, "'variable' in survey question 0"),
        ({**SURVEY, "spec": [{**QUESTION, "type": "date"}]}, "is not one of"),
        ({**SURVEY, "spec": [QUESTION, QUESTION]}, "duplicated"),
        ({**SURVEY, "spec": [{**QUESTION, "default": 1}]}, "expected to be of type text"),
        ({**SURVEY, "spec": [{**QUESTION, "type": "integer", "default": "1"}]}, "expected to be of type integer"),
        ({**SURVEY, "spec": [{**QUESTION, "min": "1"}]}, "min limit"),
        ({**SURVEY, "spec": [{**QUESTION, "type": "multiselect"}]}, "must specify choices"),
        ({**SURVEY, "spec": [{**CHOICE, "default": "a\nb"}]}, "have one default"),
        ({**SURVEY, "spec": [{**CHOICE, "default": "c"}]}, "from the choices listed"),
        ({**SURVEY, "spec": [{**QUESTION, "default": "$encrypted$"}]}, "reserved keyword"),
    ],
)
def test_an_invalid_survey_is_rejected(awx: Awx, document: dict[str, Any], message: str) -> None:
    template = call(awx, "POST", "job_templates/", TEMPLATE)[1]["id"]
    status, response = call(awx, "POST", f"job_templates/{template}/survey_spec/", document)
    assert status == 400
    assert message in response["error"]
    assert call(awx, "GET", f"job_templates/{template}/survey_spec/") == (200, {})


QUESTIONS: list[dict[str, Any]] = [
    {**QUESTION, "variable": "text", "required": True, "min": 2, "max": 4},
    {**QUESTION, "variable": "count", "type": "integer", "default": 5},
    {**QUESTION, "variable": "share", "type": "float"},
    {**CHOICE, "variable": "one", "default": "a"},
    {**CHOICE, "variable": "many", "type": "multiselect"},
]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "'text' value missing"),
        ({"text": 12}, "expected to be of type text"),
        ({"text": "abcde"}, "too large"),
        ({"text": "a"}, "too small"),
        ({"text": "ab", "count": "5"}, "expected to be of type integer"),
        ({"text": "ab", "one": "c"}, "not one of the choices"),
        ({"text": "ab", "many": "a"}, "expected to be a list"),
        ({"text": "ab", "many": ["a", "c"]}, "not one of the choices"),
    ],
)
def test_invalid_answers_are_rejected(awx: Awx, answers: dict[str, Any], message: str) -> None:
    template = call(awx, "POST", "job_templates/", {**TEMPLATE, "survey_enabled": True})[1]["id"]
    call(awx, "POST", f"job_templates/{template}/survey_spec/", {**SURVEY, "spec": QUESTIONS})
    status, response = call(awx, "POST", f"job_templates/{template}/launch/", {"extra_vars": answers})
    assert status == 400
    assert message in response["variables_needed_to_start"][0]


def test_a_job_gets_answers_defaults_and_awx_variables_and_ignores_all_others(awx: Awx) -> None:
    check_survey({**SURVEY, "spec": QUESTIONS})
    own = json.dumps({"region": "{{ 1 + 1 }}", "text": "the template's"})
    template = call(awx, "POST", "job_templates/", {**TEMPLATE, "survey_enabled": True, "extra_vars": own})[1]["id"]
    call(awx, "POST", f"job_templates/{template}/survey_spec/", {**SURVEY, "spec": QUESTIONS})
    answers = {"text": "{{1}", "share": 0.5, "many": ["a"], "other": "x"}
    status, response = call(awx, "POST", f"job_templates/{template}/launch/", {"extra_vars": answers, "limit": "x"})
    assert status == 201
    assert response["ignored_fields"] == {"limit": "x", "extra_vars": {"other": "x"}}
    written = awx.store.jobs[response["job"]].extra_vars
    assert "!unsafe 'text': !unsafe '{{1}'" in written
    assert "region: '{{ 1 + 1 }}'" in written
    variables = yaml.safe_load(written.replace("!unsafe ", ""))
    assert {name: variables[name] for name in ("count", "share", "one", "many")} == {
        "count": 5,
        "share": 0.5,
        "one": "a",
        "many": ["a"],
    }
    assert variables["awx_job_id"] == variables["tower_job_id"] == response["job"]


def test_lists_have_pages_and_alternative_filters(awx: Awx) -> None:
    for number in range(30):
        call(awx, "POST", "job_templates/", {**TEMPLATE, "name": str(number)})
    first = call(awx, "GET", "job_templates/?organization__name=Default")[1]
    assert (first["count"], len(first["results"])) == (30, 25)
    second = call(awx, "GET", first["next"].removeprefix("/api/v2/"))[1]
    assert (len(second["results"]), second["next"]) == (5, None)
    assert call(awx, "GET", "job_templates/?organization__name=Other")[1]["count"] == 0
    found = call(awx, "GET", f"job_templates/?or__id={first['results'][0]['id']}&or__name=7")[1]["results"]
    assert [each["name"] for each in found] == ["0", "7"]


def test_a_template_has_at_most_one_credential_of_each_type(awx: Awx) -> None:
    template = call(awx, "POST", "job_templates/", TEMPLATE)[1]["id"]
    path = f"job_templates/{template}/credentials/"
    another = {"name": "another", "credential_type": 3, "organization": 1, "inputs": {"password": "hidden"}}
    status, made = call(awx, "POST", "credentials/", another)
    assert (status, made["inputs"]) == (201, {"password": "$encrypted$"})
    assert call(awx, "POST", path, {"id": 4})[0] == 204
    assert call(awx, "POST", path, {"id": made["id"]})[0] == 400
    assert call(awx, "POST", path, {"id": 4, "disassociate": True})[0] == 204
    assert call(awx, "POST", path, {"id": made["id"]})[0] == 204
    assert [each["name"] for each in call(awx, "GET", path)[1]["results"]] == ["another"]


def test_a_template_has_at_most_one_vault_credential_of_each_vault_id(awx: Awx) -> None:
    vault = awx.store.add("credential_types", name="Vault", kind="vault")
    template = call(awx, "POST", "job_templates/", TEMPLATE)[1]["id"]
    added = []
    for name, inputs in (("A", {"vault_id": "a"}), ("B", {}), ("another A", {"vault_id": "a"}), ("another B", {})):
        number = awx.store.add("credentials", name=name, credential_type=vault, organization=1, inputs=inputs)
        added.append(call(awx, "POST", f"job_templates/{template}/credentials/", {"id": number})[0])
    assert added == [204, 204, 400, 400]
    found = call(awx, "GET", "credentials/")[1]["results"]
    assert {each["name"] for each in found if each["kind"] == "vault"} == {"A", "B", "another A", "another B"}


def test_an_organization_admin_does_not_see_the_credentials_of_other_organizations(awx: Awx) -> None:
    awx.store.add_organization("Other")
    template = call(awx, "POST", "job_templates/", TEMPLATE)[1]["id"]
    other = next(each["id"] for each in awx.all("credentials", "Other").values() if each["name"] == "AWS operator")
    path = f"job_templates/{template}/"
    assert call(awx, "POST", f"{path}credentials/", {"id": other})[0] == 204
    assert call(awx, "GET", f"credentials/?id={other}")[1]["count"] == 1
    awx.store.is_superuser = False
    assert call(awx, "GET", f"credentials/?id={other}")[1]["count"] == 0
    assert call(awx, "GET", f"{path}credentials/")[1]["count"] == 0
    # AWX still names them in the summary of the template.
    assert call(awx, "GET", path)[1]["summary_fields"]["credentials"] == [{"id": other, "name": "AWS operator"}]


@pytest.mark.parametrize(
    "rrule",
    [
        "",
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20300101T030000Z RRULE:FREQ=DAILY",
        DAILY.replace("DAILY", "SECONDLY"),
        # AWX requires a time zone.
        DAILY.replace("Z ", " "),
        DAILY.replace(":", ";TZID=Europe/Berlin:", 1),
    ],
)
def test_an_invalid_schedule_is_rejected(awx: Awx, rrule: str) -> None:
    template = call(awx, "POST", "job_templates/", TEMPLATE)[1]["id"]
    schedule = {"name": "x", "unified_job_template": template}
    assert call(awx, "POST", "schedules/", {**schedule, "rrule": rrule})[0] == 400
    assert call(awx, "POST", "schedules/", {**schedule, "rrule": DAILY})[0] == 201
    local = {"name": "y", "rrule": "DTSTART;TZID=Europe/Berlin:20300101T030000 RRULE:FREQ=DAILY;INTERVAL=1"}
    assert call(awx, "POST", "schedules/", {**schedule, **local})[0] == 201
    assert call(awx, "GET", "unified_job_templates/?name=t")[1]["results"][0]["id"] == template


def test_names_are_unique_within_an_organization_and_those_of_execution_environments_globally(awx: Awx) -> None:
    other = awx.store.add_organization("Other")
    for endpoint, more in {"inventories": {}, "credentials": {"credential_type": 3}}.items():
        for organization in (1, other):
            assert call(awx, "POST", f"{endpoint}/", {"name": "x", "organization": organization, **more})[0] == 201
        assert call(awx, "POST", f"{endpoint}/", {"name": "x", "organization": other, **more})[0] == 400
        assert call(awx, "GET", f"{endpoint}/?name=x")[1]["count"] == 2
    environment = {"name": "x", "image": "example.org/x", "organization": 1}
    made = call(awx, "POST", "execution_environments/", environment)[1]["id"]
    assert call(awx, "POST", "execution_environments/", {**environment, "organization": other})[0] == 400
    assert call(awx, "PATCH", f"execution_environments/{made}/", {"organization": other}) == (
        400,
        {"organization": ["Cannot change the organization of an execution environment"]},
    )


def test_credential_types_require_a_superuser_and_other_resources_an_organization_admin(awx: Awx) -> None:
    def attempts() -> list[int]:
        kind = {"name": f"kind {awx.store.is_superuser}", "kind": "cloud"}
        inventory = {"name": f"inventory {awx.store.is_superuser}", "organization": 1}
        return [
            call(awx, "POST", path, sent)[0]
            for path, sent in (("credential_types/", kind), ("inventories/", inventory))
        ]

    assert attempts() == [201, 201]
    awx.store.is_superuser = False
    assert attempts() == [403, 201]
    awx.store.is_organization_admin = False
    assert attempts() == [403, 403]
    assert call(awx, "GET", "me/")[1]["results"][0]["is_superuser"] is False
    assert call(awx, "GET", "organizations/1/")[1]["summary_fields"]["user_capabilities"] == {"edit": False}


def test_the_inputs_of_a_credential_are_replaced_except_values_sent_back_as_encrypted(awx: Awx) -> None:
    assert call(awx, "PATCH", "credentials/4/", {"description": "x"})[1]["inputs"]["username"] == "AKIDEXAMPLE"
    assert call(awx, "PATCH", "credentials/4/", {"inputs": {"password": "$encrypted$"}})[0] == 200
    assert awx.store.items["credentials"][4]["inputs"] == {"password": "not-a-real-secret-key"}


def test_a_project_that_is_not_synced_has_no_playbooks(awx: Awx) -> None:
    assert "run_service_action.yml" in call(awx, "GET", "projects/2/playbooks/")[1]
    awx.store.items["projects"][2]["playbooks"] = []
    assert call(awx, "GET", "projects/2/playbooks/") == (200, [])
    assert call(awx, "POST", "job_templates/", TEMPLATE)[0] == 400


def test_both_api_prefixes_serve_the_same_resources(awx: Awx) -> None:
    for prefix in ("", "controller/"):
        page = call(awx, "GET", "projects/?page_size=1", prefix=prefix)[1]
        assert page["results"][0]["related"]["playbooks"] == f"/api/{prefix}v2/projects/2/playbooks/"


def test_the_inputs_of_a_credential_type_in_use_cannot_change(awx: Awx) -> None:
    kind = {"name": "region", "kind": "cloud", "inputs": ENV, "injectors": {}}
    number = call(awx, "POST", "credential_types/", kind)[1]["id"]
    call(awx, "POST", "credentials/", {"name": "x", "credential_type": number, "organization": 1})
    assert call(awx, "PATCH", f"credential_types/{number}/", {"inputs": {"fields": []}})[0] == 400
    assert call(awx, "PATCH", f"credential_types/{number}/", {"description": "x"})[0] == 200


def test_the_injectors_of_the_type_for_aws_are_hidden_but_jobs_get_its_variables(awx: Awx) -> None:
    (kind,) = call(awx, "GET", "credential_types/?name=Amazon%20Web%20Services&kind=cloud")[1]["results"]
    assert (kind["namespace"], kind["injectors"]) == ("aws", {})
    template = call(awx, "POST", "job_templates/", TEMPLATE)[1]["id"]
    assert call(awx, "POST", f"job_templates/{template}/credentials/", {"id": 4})[0] == 204
    job = call(awx, "POST", f"job_templates/{template}/launch/", {})[1]["job"]
    assert awx.store.jobs[job].environment["AWS_ACCESS_KEY_ID"] == "AKIDEXAMPLE"
