# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys that AWX accepts, made from execution parameters, and the classification of existing job templates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.selfservice.aws.plugins.filter.awx_job_templates import awx_job_templates
from awx.surveys import check_survey
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = "{{ lookup('pipe', 'id') }}"
TEXTS = st.text(max_size=8)
PARAMETERS = st.lists(
    st.fixed_dictionaries(
        {
            # The filter rejects names that AWX would evaluate as templates.
            "name": TEXTS.filter(lambda name: not any(mark in name for mark in ("{{", "{%", "{#"))),
            "type": st.sampled_from(["TARGET", "TEXT_VALUE"]),
            "default_values": st.lists(TEXTS, max_size=3),
        }
    ),
    max_size=6,
)


def plan(*actions: dict[str, Any], **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = awx_job_templates(actions, **{"title": "orders-db", "scope": "pp-1", **options})
    return result


def action(*parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "act-1", "name": "Restart", "description": "", "parameters": list(parameters), **more}


def question_for(parameter: dict[str, Any], **options: Any) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Return the survey question for a parameter, and the mapping from its answer back to the parameter."""
    template = plan(action(parameter), **options)["templates"][0]
    check_survey(template["survey_spec"])
    return template["survey_spec"]["spec"][0], template["extra_vars"]["run_service_action_survey"]


@pytest.mark.parametrize(
    ("parameter", "kind", "type_", "required", "default"),
    [
        ({"name": "Mode", "default_values": ["graceful"]}, "texts", "text", False, "graceful"),
        ({"name": "Mode", "default_values": [HOSTILE]}, "texts", "text", False, HOSTILE),
        ({"name": "Mode", "default_values": ["a\nb"]}, "texts", "textarea", False, "a\nb"),
        ({"name": "Mode", "default_values": []}, "texts", "text", True, None),
        ({"name": "Mode", "default_values": None}, "texts", "text", True, None),
        ({"name": "Mode", "default_values": [""]}, "texts", "text", False, None),
        ({"name": "Mode", "default_values": ["$encrypted$"]}, "texts", "text", False, None),
        ({"name": "Optional", "default_values": []}, "texts", "text", False, None),
        ({"name": "Tables", "default_values": ["one", "two"]}, "lists", "textarea", False, "one\ntwo"),
        ({"name": "Tables", "default_values": ["one", "a\nb"]}, "lists", "textarea", False, None),
        ({"name": "Tables", "default_values": ["one", " two"]}, "lists", "textarea", False, None),
        ({"name": "Tables", "default_values": ["one", ""]}, "lists", "textarea", False, None),
        ({"name": "List", "default_values": ["one"]}, "lists", "textarea", False, "one"),
        ({"name": "List", "default_values": []}, "lists", "textarea", True, None),
        ({"name": "InstanceId", "type": "TARGET", "default_values": ["i-1"]}, "texts", "text", False, None),
        ({"name": "TARGET", "type": "TEXT", "default_values": []}, "texts", "text", False, None),
        ({"name": "NewPassword", "default_values": []}, "secrets", "password", True, None),
        ({"name": "API_TOKEN", "default_values": ["known"]}, "secrets", "password", False, None),
        ({"name": "dbSecrets", "default_values": ["a", "b"]}, "secrets", "password", False, None),
    ],
)
def test_a_parameter_becomes_a_survey_question(
    parameter: dict[str, Any], kind: str, type_: str, required: bool, default: str | None
) -> None:
    question, survey = question_for({"type": "TEXT_VALUE", **parameter}, lists=["List"], optional=["Optional"])
    assert (question["type"], question["required"], question.get("default")) == (type_, required, default)
    assert bool(question["min"]) is required
    assert question["question_name"] == parameter["name"]
    assert survey == {kind: {question["variable"]: parameter["name"]}}


@pytest.mark.parametrize(
    ("secrets", "is_secret"),
    [("(?i)pin$", True), (["Pin"], True), (["pin"], False), ([], False), ("password", False)],
)
def test_secrets_are_selected_by_names_or_a_pattern(secrets: Any, is_secret: bool) -> None:
    assert (question_for({"name": "Pin", "type": "TEXT_VALUE"}, secrets=secrets)[0]["type"] == "password") is is_secret


@given(PARAMETERS)
def test_any_parameters_make_a_survey_that_awx_accepts(parameters: list[dict[str, Any]]) -> None:
    template = plan(action(*parameters))["templates"][0]
    check_survey(template["survey_spec"])
    variables = [question["variable"] for question in template["survey_spec"]["spec"]]
    assert all(variable.isidentifier() and variable.isascii() for variable in variables)
    kinds = template["extra_vars"]["run_service_action_survey"].values()
    answers = [name for names in kinds for name in names.values()]
    assert sorted(answers) == sorted(parameter["name"] for parameter in parameters)


def test_names_that_would_share_a_variable_get_different_ones() -> None:
    names = ["a-b", "a.b", "a b", "a_b", "名前", "größe", "1st", ""]
    template = plan(action(*({"name": name, "type": "TEXT_VALUE"} for name in names)))["templates"][0]
    assert template["extra_vars"]["run_service_action_survey"]["texts"] == {
        "answer_a_b": "a-b",
        "answer_a_b_2": "a.b",
        "answer_a_b_3": "a b",
        "answer_a_b_4": "a_b",
        "answer_parameter": "名前",
        "answer_groe": "größe",
        "answer_1st": "1st",
        "answer_parameter_2": "",
    }


@pytest.mark.parametrize(
    ("targets", "type_", "choices"),
    [(["orders-db", "web"], "multiplechoice", ["orders-db", "web"]), ([], "text", None), (None, None, None)],
)
def test_the_survey_asks_for_the_target_if_it_is_not_given(targets: Any, type_: str | None, choices: Any) -> None:
    template = plan(action(), targets=targets)["templates"][0]
    check_survey(template["survey_spec"])
    questions = {question["variable"]: question for question in template["survey_spec"]["spec"]}
    question = questions.get("provisioned_product_name", {})
    assert (question.get("type"), question.get("choices")) == (type_, choices)


def test_only_own_templates_are_obsolete_and_all_others_are_foreign() -> None:
    stop = action(id="act-2", name="Stop")
    made = {each["name"]: json.dumps(each["extra_vars"]) for each in plan(action(), stop)["templates"]}
    others = plan(stop, title="web", scope="pp-2")["templates"][0]["extra_vars"]
    existing = [
        {"name": "orders-db - Restart", "extra_vars": "---"},
        {"name": "orders-db - Stop", "extra_vars": made["orders-db - Stop"]},
        {"name": "orders-db - Stop, copied", "extra_vars": made["orders-db - Stop"]},
        {"name": "web - Stop", "extra_vars": json.dumps(others)},
        {"name": "other", "extra_vars": None},
    ]
    again = plan(action(), existing=existing)
    assert (again["gone"], again["foreign"]) == (["orders-db - Stop"], ["orders-db - Restart"])
    assert plan(stop, existing=existing)["foreign"] == []


def test_a_template_is_obsolete_only_if_its_action_no_longer_exists() -> None:
    stop, update = action(id="act-2", name="Stop"), {"provisioned_product_id": "pp-1"}
    made = plan(action(), stop, update=update)
    existing = [
        {"name": each["name"], "extra_vars": json.dumps(each["extra_vars"])}
        for each in [*made["templates"], *made["updates"]]
    ]
    # Templates with another title, and the template of an action that was renamed, still run their actions. A run
    # without a schedule, such as the scheduled job itself, keeps the template of the scheduled job.
    assert plan(action(), stop, title="DBA", existing=existing)["gone"] == []
    assert plan(action(name="Reboot"), stop, existing=existing)["gone"] == []
    assert plan(action(), title="DBA", existing=existing)["gone"] == ["orders-db - Stop"]


def existing(**changed: Any) -> dict[str, Any]:
    """Return an existing job template as AWX's API returns it. The description of its action is "Restarts it"."""
    made = plan(action(description="Restarts it"))["templates"][0]
    credentials = [{"id": 4, "name": "AWS operator"}, {"id": 12, "name": "Vault"}]
    template = {name: made[name] for name in ("name", "description")}
    template["extra_vars"] = json.dumps(made["extra_vars"])
    return {**template, "summary_fields": {"credentials": credentials}, **changed}


@pytest.mark.parametrize(
    ("changed", "description"),
    [({}, "Stops and starts it"), ({"description": "Call us first"}, None), ({"description": ""}, None)],
)
def test_a_description_is_updated_unless_it_was_changed_manually(
    changed: dict[str, str], description: str | None
) -> None:
    now = action(description="Stops and starts it")
    template = plan(now, existing=[existing(**changed)])["templates"][0]
    assert template.get("description") == description
    # A second run finds the variables of the first one.
    variables = json.dumps(template["extra_vars"])
    found = existing(description=template.get("description", changed.get("description")), extra_vars=variables)
    again = plan(now, existing=[found])["templates"][0]
    assert again.get("description") == description
    assert json.dumps(again["extra_vars"]) == variables


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "run_service_action_report: /tmp/{{ awx_job_id }}.html",
            {"run_service_action_report": "/tmp/{{ awx_job_id }}.html"},
        ),
        ('{"a": 1, "run_service_action_survey": {}}', {"a": 1}),
        ("day: 2030-01-01", {"day": "2030-01-01"}),
        ("--- {not yaml", {}),
        ("- a list", {}),
        (None, {}),
    ],
)
def test_manually_added_variables_are_kept(text: str | None, kept: dict[str, Any]) -> None:
    own = plan(action())["templates"][0]
    template = plan(action(), existing=[existing(extra_vars=text)])["templates"][0]
    assert (own["is_new"], template["is_new"]) == (True, False)
    assert template["extra_vars"] == {**kept, **own["extra_vars"]}


def test_manually_added_credentials_are_kept_if_they_can_be() -> None:
    update = existing(name="orders-db - Update job templates")
    kept = {"kept_credentials": [12, 13], "update_kept_credentials": [4]}
    found = plan(action(), existing=[existing(), update], update={"provisioned_product_id": "pp-1"}, **kept)
    assert [each["credentials"] for each in (*found["templates"], *found["updates"])] == [[12], [4]]


def test_the_scheduled_job_has_the_options_of_the_last_run_and_variables_that_were_added_manually() -> None:
    def variables(text: str | None = None, **options: Any) -> dict[str, Any]:
        update = existing(name="orders-db - Update job templates", extra_vars=text)
        made = plan(update={"provisioned_product_id": "", "lists": [], **options}, existing=[update] * bool(text))
        found: dict[str, Any] = made["updates"][0]["extra_vars"]
        return found

    first = variables(provisioned_product_name="orders-db", lists=["a"])
    assert (first["provisioned_product_name"], first["lists"]) == ("orders-db", ["a"])
    second = variables(json.dumps({**first, "more": 1}), provisioned_product_name="", provisioned_product_id="pp-1")
    assert {*second} - {name for name in second if name.startswith("awx_job_templates_")} == {
        "provisioned_product_id",
        "more",
    }


@pytest.mark.parametrize(
    ("actions", "options", "message"),
    [
        ([action(), action()], {}, "Two service actions would have the job template 'orders-db - Restart'"),
        ([action()], {"title": "C++"}, r"whose name has \+\+"),
        ([action()], {"title": "x" * 510}, "more than 512 characters"),
        ([action()], {"secrets": "("}, "secrets is not a valid regular expression"),
        ([action({"name": HOSTILE})], {}, "AWX would template the name of the parameter"),
    ],
)
def test_input_that_awx_would_reject_is_an_error(actions: list[Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        plan(*actions, **options)
