# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx_job_templates with the real awx.awx, and jobs launched with answers to its surveys."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
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
# Options that have the same names as the modules' options.
MODULE_NAMES = ("provisioned_product_id", "provisioned_product_name")
STOP = {"id": "act-2", "name": "Stop", "run": {"seconds": 1}}
RULE = "DTSTART:20300101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"


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
    """Return a function that runs the playbook for orders-db, with options, and environment variables in upper case."""

    def start(*arguments: str, **options: Any) -> Any:
        given = {
            "awx_job_templates_project": "Operations",
            "awx_job_templates_credentials": ["AWS operator"],
            "provisioned_product_name": "orders-db",
            **{
                name if name in MODULE_NAMES else f"awx_job_templates_{name}": value
                for name, value in options.items()
                if name.islower()
            },
        }
        environment = {name: value for name, value in options.items() if name.isupper()}
        command = ("ansible-playbook", "selfservice.aws.awx_job_templates", "-e", json.dumps(given))
        return run(*command, *arguments, **awx.environment, **environment)

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
    assert made["execution_environment"] == awx.all("execution_environments")["selfservice.aws Default"]["id"]
    survey = awx.survey("orders-db - Restart")
    assert {name: (question["type"], question["required"]) for name, question in survey.items()} == {
        "answer_TARGET": ("text", False),
        "answer_Mode": ("text", False),
        "answer_a_b": ("text", False),
        "answer_a_b_2": ("textarea", False),
        "answer_groe": ("text", True),
        "answer_AdminPassword": ("password", True),
        "run_service_action_change_id": ("text", False),
        "run_service_action_retry_failed": ("multiplechoice", False),
        "run_service_action_change_id_adds_date": ("multiplechoice", False),
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


def test_what_a_failed_job_says_can_be_answered_word_for_word(
    run_playbook: Callable[..., Any], run_job: Callable[[Job], Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world({**STOP, "run": {"seconds": 1, "ends": "FAILED"}}))
    assert run_playbook(region="", endpoint_url="").code == 0
    template = "orders-db - Stop"
    # Like a schedule, with the same answers every day.
    answers = {"run_service_action_change_id": "CHG-1", "run_service_action_change_id_adds_date": "true"}
    for _again in range(2):
        failed = run_job(awx.launch(template, answers))
        assert failed.code == 2
    assert len(emulator.records()) == 1

    told, _end = json.JSONDecoder().raw_decode(failed.output.split('"msg": ')[1])
    given = dict(re.findall(r"(run_service_action_\w+): (\"[^\"]*\"|\w+)", told))
    assert {*given} == {"run_service_action_change_id", "run_service_action_retry_failed"}
    assert re.fullmatch(r'"CHG-1@\d{4}-\d\d-\d\d"', given["run_service_action_change_id"])
    # The form shows names and descriptions, not the variables.
    form = {name: question["question_description"] for name, question in awx.survey(template).items()}
    assert all(form[name].startswith(name) for name in given)
    job = awx.launch(template, {**answers, **given})
    assert not job.ignored_vars
    assert run_job(job).code == 2
    assert len(emulator.records()) == 2

    # On another day, a relaunch with the same answers would be a new change. A job slice belongs to a workflow job.
    relaunched = awx.launch(template, answers).extra_vars.replace("manual", "relaunch")
    workflow = awx.launch(template, answers).extra_vars + "\nawx_workflow_job_launch_type: relaunch\n"
    for extra_vars in (relaunched, workflow):
        done = run_job(dataclasses.replace(job, extra_vars=extra_vars))
        assert done.code == 2
        assert "with the change that the earlier job shows: CHG-1@, followed by its date." in done.output
        assert "[WARNING]" not in done.output
    assert len(emulator.records()) == 2


def test_the_survey_for_a_product_version_offers_its_provisioned_products(
    run_playbook: Callable[..., Any], run_job: Callable[[Job], Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    artifact = {"product_id": "prod-1", "provisioning_artifact_id": "pa-1", "provisioned_product_name": ""}
    done = run_playbook(region="", endpoint_url="", **artifact)
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
    assert run_playbook(region="", endpoint_url="").code == 0
    assert "AWS region and endpoint" not in awx.all("credential_types")
    template = awx.all("job_templates")["orders-db - Stop"]
    copied = {name: value for name, value in template.items() if name != "id"}
    awx.store.add("job_templates", **{**copied, "name": "orders-db - Stop copied"})
    awx.store.add("job_templates", **{**copied, "name": "another", "extra_vars": "--- {not ours"})

    emulator.reset(world())
    done = run_playbook(region="", endpoint_url="")
    assert done.code == 0, done.output
    assert "awx_job_templates_remove=true to remove: orders-db - Stop" in re.sub(r"\s+", " ", done.output)
    assert "changed=0 " in done.output
    assert len(awx.all("job_templates")) == 3

    done = run_playbook(region="", endpoint_url="", remove=True)
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
    assert "this playbook did not create them for this product: orders-db - Stop." in re.sub(r"\s+", " ", done.output)
    assert not awx.writes()


def changes(output: str) -> list[str]:
    """Return the tasks that changed something, or would have, with the items of their loops."""
    return re.findall(r"^changed: \[localhost\](?: => \(item=.*\))?", output, re.MULTILINE)


def test_check_mode_tells_the_changes_of_a_real_run_and_makes_none(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    runs: list[dict[str, Any]] = [
        {"image": "example.org/ee:1", "region": "us-east-1", "endpoint_url": ""},
        # Another credential for existing templates, and another image.
        {"image": "example.org/ee:2", "region": "eu-west-1"},
    ]
    for number, options in enumerate(runs):
        writes = len(awx.writes())
        planned = run_playbook("--check", **options)
        assert planned.code == 0, planned.output
        assert len(awx.writes()) == writes
        done = run_playbook(**options)
        assert done.code == 0, done.output
        assert changes(planned.output) == changes(done.output)
        assert "changed: [localhost] => (item=orders-db - Stop)" in changes(done.output)
        assert len(changes(done.output)) == (5, 3)[number]


def test_a_run_for_one_organization_changes_nothing_of_another(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    other = awx.store.add_organization("Other")
    assert run_playbook(image="example.org/ee:1").code == 0
    first = own_objects(awx, "Default")
    # The same behind the URL prefix of AAP's controller.
    done = run_playbook(
        image="example.org/ee:2", organization="Other", CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX="/api/controller/"
    )
    assert done.code == 0, done.output
    assert {path.split("/")[2] for _method, path in awx.server.requests} == {"v2", "controller"}
    assert own_objects(awx, "Default") == first
    second = own_objects(awx, "Other")
    assert {kind: {*names} for kind, names in first.items() if kind != "execution_environments"} == {
        kind: {*names} for kind, names in second.items() if kind != "execution_environments"
    }
    template = awx.all("job_templates", "Other")["orders-db - Stop"]
    for field in ("project", "inventory", "execution_environment"):
        endpoint = {"project": "projects", "inventory": "inventories"}.get(field, "execution_environments")
        assert awx.store.items[endpoint][template[field]]["organization"] == other
    used = awx.store.associated_credentials[template["id"]]
    assert {awx.store.items["credentials"][each]["organization"] for each in used} == {other}
    assert len(used) == 2

    emulator.reset(world())
    assert run_playbook(remove=True).code == 0
    assert not own_objects(awx, "Default")["job_templates"]
    assert own_objects(awx, "Other") == second


@pytest.mark.parametrize(
    "options",
    [{}, {"product_id": "prod-1", "provisioning_artifact_id": "pa-1", "provisioned_product_name": ""}],
    ids=["equal names of products", "a version of a shared product"],
)
def test_two_accounts_live_in_one_organization(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator, options: dict[str, Any]
) -> None:
    emulator.reset(world(STOP))
    assert run_playbook(**options).code == 0
    first = own_objects(awx, "Default")
    operator = awx.all("credentials")["AWS operator"]
    same = {name: operator[name] for name in ("organization", "credential_type")}
    awx.store.add("credentials", name="AWS second", inputs={"username": "AKIDSECOND"}, **same)
    account = world(STOP)
    for product in account["provisioned_products"]:
        product["id"] += "9"
    emulator.reset({**account, "account": "999999999999"})

    writes = len(awx.writes())
    second = {**options, "credentials": ["AWS second"], "remove": True}
    refused = run_playbook(**second)
    assert refused.code == 2
    assert "give another awx_job_templates_title" in re.sub(r"\s+", " ", refused.output)
    assert len(awx.writes()) == writes

    done = run_playbook(**second, title="Second account")
    assert done.code == 0, done.output
    now = own_objects(awx, "Default")
    template = now["job_templates"].pop("Second account - Stop")
    assert now["job_templates"] == first["job_templates"]
    used = awx.store.associated_credentials[template["id"]]
    assert {awx.store.items["credentials"][each]["name"] for each in used} == {"AWS second", "AWS us-east-1"}


def test_a_credential_with_other_keys_replaces_the_former_one(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    assert run_playbook().code == 0
    env = {"AWS_ACCESS_KEY_ID": "{{ key }}", "AWS_SECRET_ACCESS_KEY": "{{ secret }}"}
    fields = [{"id": field, "label": field} for field in ("key", "secret")]
    injecting = {"inputs": {"fields": fields}, "injectors": {"env": env}}
    kind = awx.store.add("credential_types", name="Keys", kind="cloud", **injecting)
    organization = awx.all("organizations")["Default"]["id"]
    inputs = {"key": "AKIDOTHER", "secret": "of-another-account"}
    awx.store.add("credentials", name="Keys", credential_type=kind, organization=organization, inputs=inputs)
    for name, key in (("Keys", "AKIDOTHER"), ("AWS operator", "AKIDEXAMPLE")):
        done = run_playbook(credentials=[name])
        assert done.code == 0, done.output
        used = awx.store.associated_credentials[awx.all("job_templates")["orders-db - Stop"]["id"]]
        assert {awx.store.items["credentials"][each]["name"] for each in used} == {name, "AWS us-east-1"}
        assert awx.launch("orders-db - Stop", {}).environment["AWS_ACCESS_KEY_ID"] == key


def own_objects(awx: Awx, organization: str) -> dict[str, Any]:
    """Return a copy of what an organization has, by endpoint and name, with the credentials of its templates."""
    number = awx.all("organizations")[organization]["id"]
    endpoints = ("inventories", "projects", "credentials", "execution_environments", "job_templates")
    own = {
        endpoint: {
            name: each for name, each in awx.all(endpoint, organization).items() if each["organization"] == number
        }
        for endpoint in endpoints
    }
    ids = {each["id"] for each in own["job_templates"].values()}
    linked = {str(each): used for each, used in awx.store.associated_credentials.items() if each in ids}
    return copy.deepcopy({**own, "linked": {"all": sorted(map(sorted, linked.values()))}} if linked else own)


def test_what_was_changed_by_hand_or_is_not_given_stays(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(RESTART, STOP))
    endpoint = {"AWS_ENDPOINT_URL_SERVICE_CATALOG": emulator.url, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = run_playbook(image="example.org/ee:1", **endpoint)
    assert done.code == 0, done.output
    inputs = {"region": "us-east-1", "endpoint_url": emulator.url}
    assert awx.all("credentials")["AWS us-east-1"]["inputs"] == inputs

    templates, organization = awx.all("job_templates"), awx.all("organizations")["Default"]["id"]
    stop, restart = templates["orders-db - Stop"], templates["orders-db - Restart"]
    vault = awx.store.add("credential_types", name="Vault", kind="vault")
    by_hand = awx.store.add("credentials", name="Vault", credential_type=vault, organization=organization)
    awx.store.associated_credentials[stop["id"]].append(by_hand)
    plain = awx.store.add("inventories", name="Ours", organization=organization)
    variables = {**json.loads(stop["extra_vars"]), "run_service_action_report": "/tmp/{{ awx_job_id }}.html"}
    stop.update(description="Call us first", inventory=plain, allow_simultaneous=False, forks=3)
    stop["extra_vars"] = "---\n" + yaml.safe_dump(variables)
    awx.all("execution_environments")["selfservice.aws Default"].update(pull="never", description="Ours")

    before = copy.deepcopy(stop)
    emulator.reset(world({**RESTART, "description": "Starts it again"}, STOP))
    done = run_playbook(credentials=[], image="example.org/ee:2", endpoint_url="")
    assert done.code == 0, done.output
    assert awx.all("credentials")["AWS us-east-1"]["inputs"] == inputs
    assert {name: stop[name] for name in before if name != "extra_vars"} == {
        name: before[name] for name in before if name != "extra_vars"
    }
    assert json.loads(stop["extra_vars"]) == variables
    assert by_hand in awx.store.associated_credentials[stop["id"]]
    assert len(awx.store.associated_credentials[stop["id"]]) == 3
    assert restart["description"] == "Starts it again"
    environment = awx.all("execution_environments")["selfservice.aws Default"]
    assert [environment[name] for name in ("image", "pull", "description")] == ["example.org/ee:2", "never", "Ours"]

    again = run_playbook(credentials=[], image="example.org/ee:2", endpoint_url="")
    assert "changed=0 " in again.output


def test_other_credentials_of_a_template_stay_if_awx_allows_them_beside_the_given_ones(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    organization, other = awx.all("organizations")["Default"]["id"], awx.store.add_organization("Other")
    vault = awx.store.add("credential_types", name="Vault", kind="vault")

    def add(name: str, **fields: Any) -> int:
        return awx.store.add("credentials", name=name, **{"organization": organization, **fields})

    def names(template: str) -> set[str]:
        used = awx.store.associated_credentials[awx.all("job_templates")[template]["id"]]
        return {awx.store.items["credentials"][each]["name"] for each in used}

    add("Vault A", credential_type=vault, inputs={"vault_id": "a"})
    options = {"image": "example.org/ee:1", "credentials": ["AWS operator", "Vault A"], "schedule": RULE}
    assert run_playbook(**options, controller_credential="Controller").code == 0
    add("Controller 2", **{name: awx.all("credentials")["Controller"][name] for name in ("credential_type", "inputs")})
    by_hand = [
        add("Vault B", credential_type=vault, inputs={"vault_id": "b"}),
        add("Vault of others", credential_type=vault, inputs={"vault_id": "c"}, organization=other),
    ]
    for template in awx.all("job_templates").values():
        awx.store.associated_credentials[template["id"]] += by_hand

    # An Admin of the organization does not see the last one.
    awx.store.is_superuser = False
    done = run_playbook(**options, controller_credential="Controller 2")
    assert done.code == 0, done.output
    assert changes(done.output) == ["changed: [localhost] => (item=orders-db - Update job templates)"]
    common = {"AWS operator", "AWS us-east-1", "Vault A", "Vault B", "Vault of others"}
    assert names("orders-db - Stop") == common
    assert names("orders-db - Update job templates") == {*common, "Controller 2"}


def test_what_is_missing_is_told_before_anything_is_made(
    run_playbook: Callable[..., Any], awx: Awx, emulator: Emulator
) -> None:
    emulator.reset(world(STOP))
    awx.all("projects")["Operations"]["playbooks"] = []
    awx.store.is_superuser = False
    done = run_playbook(credentials=["AWS operator", "another"], image="example.org/ee:1")
    assert done.code == 2
    told = re.sub(r"\s+", " ", done.output)
    for message in (
        "The project Operations has no playbook run_service_action.yml (it has none). Add the file",
        "The organization Default has no credential another.",
        "only a superuser can create it, once for all organizations. Ask one to run this playbook once",
    ):
        assert message in told
    assert not awx.writes()

    awx.reset()
    assert run_playbook().code == 0
    # Once the credential type exists, the role Admin of the organization is enough.
    awx.store.is_superuser = False
    done = run_playbook(title="Orders")
    assert done.code == 0, done.output


def test_a_scheduled_job_keeps_the_templates_up_to_date(
    run_playbook: Callable[..., Any], run_job: Callable[[Job], Any], awx: Awx, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.reset(world(STOP))
    options = {"image": "example.org/ee:1", "schedule": RULE, "controller_credential": "Controller"}
    planned = run_playbook("--check", **options)
    done = run_playbook(**options)
    assert done.code == 0, done.output
    assert changes(planned.output) == changes(done.output)
    name = "orders-db - Update job templates"
    template, schedule = awx.all("job_templates")[name], awx.all("schedules")[name]
    assert (schedule["unified_job_template"], schedule["rrule"]) == (template["id"], RULE)
    assert template["playbook"] == "awx_job_templates.yml"
    names = {awx.store.items["credentials"][each]["name"] for each in awx.store.associated_credentials[template["id"]]}
    assert names == {"AWS operator", "AWS us-east-1", "Controller"}

    # The job makes the new template, and does not change its own.
    awx.all("credentials")["Controller"]["inputs"] = {
        "host": awx.environment["CONTROLLER_HOST"],
        "oauth_token": awx.environment["CONTROLLER_OAUTH_TOKEN"],
    }
    (tmp_path / "awx_job_templates.yml").write_text("- import_playbook: selfservice.aws.awx_job_templates\n")
    before, writes = copy.deepcopy(template), len(awx.writes())
    job = awx.launch(name, {})
    assert job.environment["AWS_ENDPOINT_URL"] == emulator.url
    again = run_job(job)
    assert again.code == 0, again.output
    assert len(awx.writes()) == writes
    emulator.reset(world(STOP, RESTART))
    done = run_job(awx.launch(name, {}))
    assert done.code == 0, done.output
    assert changes(done.output) == ["changed: [localhost] => (item=orders-db - Restart)"]
    assert awx.all("job_templates")[name] == before
    assert "changed=0 " in run_playbook(**options).output

    # The options of the next run replace those of this one.
    assert run_playbook(**options, provisioned_product_name="", provisioned_product_id=ORDERS).code == 0
    done = run_job(awx.launch(name, {}))
    assert done.code == 0, done.output
    assert "changed=0 " in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provisioned_product_name": ""}, "Give one of provisioned_product_id and"),
        ({"product_id": "prod-1"}, "Give one of provisioned_product_id and"),
        ({"project": ""}, "Give awx_job_templates_project, the project of AWX that has the playbook"),
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
        ({"provisioned_product_name": "nothing"}, "The provisioned product was not found."),
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
    assert not awx.writes()


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
