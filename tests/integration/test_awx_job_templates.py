# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx_job_templates with the real awx.awx, and jobs launched with answers to its surveys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
from awx import Awx, Job
from emulator import Emulator

ORDERS = "pp-orders0000001"
HOSTILE = "{{ lookup('pipe', 'echo templated') }}"
PARAMETERS = [
    {"name": "TARGET", "type": "TARGET"},
    {"name": "Mode", "type": "TEXT_VALUE", "default_values": [HOSTILE]},
    {"name": "a-b", "type": "TEXT_VALUE", "default_values": ["1"]},
    {"name": "a.b", "type": "TEXT_VALUE", "default_values": ["one", "{{ 7 * 7 }}"]},
    {"name": "größe", "type": "TEXT_VALUE"},
    {"name": "AdminPassword", "type": "TEXT_VALUE"},
]
RESTART = {"id": "act-1", "name": "Restart", "description": HOSTILE, "parameters": PARAMETERS, "run": {"seconds": 1}}
# Options that have the names of the modules' own.
MODULE_NAMES = ("provisioned_product_id", "provisioned_product_name")
STOP = {"id": "act-2", "name": "Stop", "run": {"seconds": 1}}


def world(*actions: dict[str, Any]) -> dict[str, Any]:
    """Return a world with these actions on a product named orders-db, and on one named web."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [action["id"] for action in actions]}]
    product = {"product": "prod-1", "artifact": "pa-1"}
    return {
        "service_actions": list(actions),
        "products": [{"id": "prod-1", "name": "Database", "artifacts": artifacts}],
        "provisioned_products": [
            {"id": "pp-web00000001", "name": "web", "resources": ["i-2"], **product},
            {"id": ORDERS, "name": "orders-db", "resources": ["i-1"], **product},
        ],
    }


@pytest.fixture
def run_playbook(run: Callable[..., Any], awx: Awx) -> Callable[..., Any]:
    """Return a function that runs the playbook for orders-db, with other options if given."""

    def start(*arguments: str, **options: Any) -> Any:
        given = {
            "awx_job_templates_project": "Operations",
            "awx_job_templates_credentials": ["AWS operator"],
            "provisioned_product_name": "orders-db",
            **{name if name in MODULE_NAMES else f"awx_job_templates_{name}": options[name] for name in options},
        }
        command = ("ansible-playbook", "selfservice.aws.awx_job_templates", "-e", json.dumps(given))
        return run(*command, *arguments, **awx.environment)

    return start


@pytest.fixture
def run_job(run: Callable[..., Any], tmp_path: Path) -> Callable[[Job], Any]:
    """Return a function that runs a job as AWX does, with extra vars from a file and an empty inventory."""
    (tmp_path / "run_service_action.yml").write_text("- import_playbook: selfservice.aws.run_service_action\n")

    def start(job: Job) -> Any:
        (tmp_path / "extravars").write_text(job.extra_vars)
        return run("ansible-playbook", job.playbook, "-e", "@extravars", **job.environment)

    return start


def test_a_new_job_template_launches_a_job_that_makes_a_record(
    run_playbook: Callable[..., Any], run_job: Callable[[Job], Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(RESTART, STOP))
    done = run_playbook(image="example.org/ee:1", endpoint_url=emulator.url)
    assert done.code == 0, done.output
    assert set(awx.all("job_templates")) == {"orders-db - Restart", "orders-db - Stop"}
    made = awx.all("job_templates")["orders-db - Restart"]
    assert made["description"] == HOSTILE
    assert made["execution_environment"] == awx.all("execution_environments")["selfservice.aws"]["id"]
    survey = awx.survey("orders-db - Restart")
    assert {name: (question["type"], question["required"]) for name, question in survey.items()} == {
        "answer_TARGET": ("text", False),
        "answer_Mode": ("text", False),
        "answer_a_b": ("text", False),
        "answer_a_b_2": ("textarea", False),
        "answer_groe": ("text", True),
        "answer_AdminPassword": ("password", True),
        "run_service_action_change_id": ("text", False),
        "run_service_action_wait": ("multiplechoice", False),
        "run_service_action_wait_timeout": ("integer", False),
    }
    assert survey["answer_Mode"]["default"] == HOSTILE

    writes = len(awx.writes())
    again = run_playbook(image="example.org/ee:1", endpoint_url=emulator.url)
    assert again.code == 0, again.output
    assert "changed=0 " in again.output
    assert len(awx.writes()) == writes

    secret = "Tr0ub4dor&3 {{ 1 }}"
    answers = {"answer_TARGET": "", "answer_a_b": "", "answer_groe": "{{ 6 * 7 }}", "answer_AdminPassword": secret}
    job = awx.launch("orders-db - Restart", {**answers, "run_service_action_change_id": ""})
    assert (job.environment["AWS_REGION"], job.environment["AWS_ENDPOINT_URL"]) == ("us-east-1", emulator.url)
    ended = run_job(job)
    assert ended.code == 0, ended.output
    assert "Tr0ub4dor" not in ended.output
    record = emulator.records()[0]
    assert (record["Status"], record["ProvisionedProductId"]) == ("SUCCEEDED", ORDERS)
    assert record["Parameters"] == {
        "Mode": [HOSTILE],
        "a.b": ["one", "{{ 7 * 7 }}"],
        "größe": ["{{ 6 * 7 }}"],
        "AdminPassword": [secret],
    }


def test_the_survey_for_a_product_version_offers_its_provisioned_products(
    run_playbook: Callable[..., Any], run_job: Callable[[Job], Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    artifact = {"product_id": "prod-1", "provisioning_artifact_id": "pa-1", "provisioned_product_name": ""}
    done = run_playbook(region="", **artifact)
    assert done.code == 0, done.output
    survey = awx.survey("Database v1 - Stop")
    assert survey["provisioned_product_name"]["choices"] == ["orders-db", "web"]
    answers = {"provisioned_product_name": "web", "run_service_action_wait": "false"}
    ended = run_job(awx.launch("Database v1 - Stop", {**answers, "run_service_action_change_id": "CHG-1"}))
    assert ended.code == 0, ended.output
    assert [record["ProvisionedProductId"] for record in emulator.records()] == ["pp-web00000001"]


def test_answers_of_every_type_are_sent_unchanged(run_job: Callable[[Job], Any], awx: Awx, emulator: Emulator) -> None:
    texts = ["007", "12:30", "yes", "null", "1.50", "2026-01-01", "", " a ", "{{ 7 * 7 }}"]
    given: dict[str, list[Any]] = {"text": texts, "textarea": ["one\ntwo"], "integer": [5, 0], "float": [0.5]}
    given |= {"multiplechoice": ["no"], "multiselect": [["01", "on"], []]}
    sent = {f"{kind}_{number}": each for kind, answers in given.items() for number, each in enumerate(answers)}
    hidden, lists = {"password_0": "0123456", "password_1": ""}, {"textarea_10": "010\n\n 1_0 ", "textarea_11": ""}
    answers = {**sent, **hidden, **lists}
    names = [*answers, "text_unanswered", "integer_unanswered"]
    spec = [
        {
            "variable": name,
            "question_name": name,
            "required": False,
            "type": name.split("_")[0],
            "choices": "no\n01\non",
        }
        for name in names
    ]
    emulator.reset(world({**STOP, "parameters": [{"name": name, "type": "TEXT_VALUE"} for name in names]}))
    extra_vars = {
        "provisioned_product_id": ORDERS,
        "run_service_action_service_action_id": "act-2",
        "run_service_action_survey": {
            "texts": {name: name for name in names if name not in {**hidden, **lists}},
            "lists": {name: name for name in lists},
            "secrets": {name: name for name in hidden},
        },
    }
    number = awx.store.add(
        "job_templates",
        name="all",
        playbook="run_service_action.yml",
        survey_enabled=True,
        extra_vars=json.dumps(extra_vars),
    )
    survey = {"name": "", "description": "", "spec": spec}
    awx.store.survey(awx.store.items["job_templates"][number], "POST", data=survey)
    done = run_job(awx.launch("all", answers))
    assert done.code == 0, done.output
    assert "0123456" not in done.output
    expected = {
        name: each if isinstance(each, list) else [str(each)] for name, each in sent.items() if each not in ("", [])
    }
    assert emulator.records()[0]["Parameters"] == {**expected, "password_0": ["0123456"], "textarea_10": ["010", "1_0"]}


def test_the_template_of_a_deleted_action_is_reported_and_removed_only_on_request(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    assert run_playbook(region="").code == 0
    assert "AWS region and endpoint" not in awx.all("credential_types")
    template = awx.all("job_templates")["orders-db - Stop"]
    copied = {name: value for name, value in template.items() if name != "id"}
    awx.store.add("job_templates", **{**copied, "name": "orders-db - Stop copied"})
    awx.store.add("job_templates", **{**copied, "name": "another", "extra_vars": "--- {not ours"})

    emulator.reset(world())
    done = run_playbook(region="")
    assert done.code == 0, done.output
    assert "awx_job_templates_remove=true to remove: orders-db - Stop" in re.sub(r"\s+", " ", done.output)
    assert "changed=0 " in done.output
    assert len(awx.all("job_templates")) == 3

    done = run_playbook(region="", remove=True)
    assert done.code == 0, done.output
    assert "changed=1 " in done.output
    assert set(awx.all("job_templates")) == {"orders-db - Stop copied", "another"}


def test_a_template_that_others_made_is_not_changed(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    awx.store.add("job_templates", name="orders-db - Stop", organization=awx.all("organizations")["Default"]["id"])
    done = run_playbook()
    assert done.code == 2
    assert "not made by this playbook: orders-db - Stop" in re.sub(r"\s+", " ", done.output)
    assert not awx.writes()


def test_check_mode_reports_the_templates_and_creates_nothing(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    done = run_playbook("--check", image="example.org/ee:1")
    assert done.code == 0, done.output
    assert "changed: [localhost] => (item=orders-db - Stop)" in done.output
    assert not awx.writes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provisioned_product_name": ""}, "Give one of provisioned_product_id and"),
        ({"product_id": "prod-1"}, "Give one of provisioned_product_id and"),
        ({"project": ""}, "Say with awx_job_templates_project which project of AWX has the playbook"),
        ({"credentials": "AWS operator"}, "awx_job_templates_credentials is a list of names."),
    ],
    ids=["no product", "half a version", "no project", "a name for a list"],
)
def test_invalid_input_is_reported_before_any_call(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator, options: dict[str, Any], message: str
) -> None:
    done = run_playbook(**options)
    assert done.code == 2
    assert message in re.sub(r"\s+", " ", done.output)
    assert not emulator.calls()
    assert not awx.server.requests


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provisioned_product_name": "nothing"}, "There is no such provisioned product."),
        (
            {"provisioned_product_name": "", "product_id": "prod-2", "provisioning_artifact_id": "pa-1"},
            "pa-1 is a version of the product prod-1, not of prod-2.",
        ),
    ],
    ids=["a product that is gone", "another product's version"],
)
def test_an_unknown_product_removes_nothing(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator, options: dict[str, Any], message: str
) -> None:
    emulator.reset(world(STOP))
    done = run_playbook(remove=True, **options)
    assert done.code == 2
    assert f"Nothing was changed in AWX. {message}" in re.sub(r"\s+", " ", done.output)
    assert not awx.server.requests


def test_a_missing_awx_awx_is_reported(run: Callable[..., Any], emulator: Emulator, tmp_path: Path) -> None:
    tree = tmp_path / "tree" / "ansible_collections"
    here = Path(__file__).parents[2]
    (tree / "selfservice").mkdir(parents=True)
    (tree / "selfservice" / "aws").symlink_to(here)
    options = ["-e", "awx_job_templates_project=p", "-e", f"provisioned_product_id={ORDERS}"]
    done = run(
        "ansible-playbook", "selfservice.aws.awx_job_templates", *options, ANSIBLE_COLLECTIONS_PATH=str(tree.parent)
    )
    assert done.code == 2
    assert "ansible-galaxy collection install awx.awx" in re.sub(r"\s+", " ", done.output)
    assert not emulator.calls()
