# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx_fleet with the real awx.awx, the update of its inventory source, and a job on the fleet."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
from awx import Awx
from emulator import Emulator

NAME = "Databases - Run a service action"
SECRET = "a-secret-of-the-fleet"
KEYS = {"access_key": "AKIDFLEET", "secret_key": SECRET}
ORDERS = {"provisioned_product_name": "orders"}
NO_KEYS = {"access_key": None, "secret_key": None}
TARGET = {"name": "TARGET", "type": "TARGET"}
MODE = {"name": "Mode", "type": "TEXT_VALUE", "default_values": ["graceful"]}
SIZE = {"name": "Size", "type": "TEXT_VALUE"}
ACTIONS = [
    {"id": "act-1", "name": "Restart", "parameters": [TARGET, MODE], "run": {"seconds": 1}},
    {"id": "act-2", "name": "Stop", "run": {"seconds": 1}},
    {"id": "act-3", "name": "Resize", "parameters": [SIZE], "run": {"seconds": 1}},
]
Runner = Callable[..., Any]


@pytest.fixture(autouse=True)
def fleet(emulator: Emulator) -> None:
    """Reset the emulator to a fleet of two."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": [action["id"] for action in ACTIONS]}]
    product = {"product": "prod-1", "artifact": "pa-1"}
    emulator.reset(
        {
            "service_actions": ACTIONS,
            "products": [{"id": "prod-1", "name": "Database", "artifacts": artifacts}],
            "provisioned_products": [
                {"id": f"pp-{name:0<13}", "name": name, "resources": ["i-1"], **product} for name in ("orders", "web")
            ],
        }
    )


@pytest.fixture
def make(run: Runner, awx: Awx) -> Runner:
    """Return a function that runs the playbook for the fleet, with other options if given; None leaves one out."""

    def start(
        *arguments: str, aws_region: str = "us-east-1", endpoint: str = "", product: Any = None, **options: Any
    ) -> Any:
        given = {
            "name": "Databases",
            "project": "Operations",
            "credential": "AWS databases",
            "image": "example.org/ee:1",
            **KEYS,
            **options,
        }
        extra = {f"awx_fleet_{name}": value for name, value in given.items() if value is not None}
        command = ("ansible-playbook", "selfservice.aws.awx_fleet", "-e", json.dumps({**(product or ORDERS), **extra}))
        variables = {"AWS_REGION": aws_region, "AWS_ENDPOINT_URL_SERVICE_CATALOG": endpoint}
        return run(*command, *arguments, **variables, **awx.environment)

    return start


def snapshot(awx: Awx) -> Any:
    """Return everything that AWX has."""
    return copy.deepcopy((awx.store.items, awx.store.surveys, awx.store.associated_credentials))


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def credentials_of(awx: Awx, template: str) -> set[str]:
    """Return the names of the credentials of a job template."""
    linked = awx.store.associated_credentials[awx.all("job_templates")[template]["id"]]
    return {awx.store.items["credentials"][each]["name"] for each in linked}


def test_a_new_fleet_is_updated_and_runs_an_action_on_its_products(
    make: Runner, run: Runner, awx: Awx, emulator: Emulator, tmp_path: Path
) -> None:
    done = make(slices=2)
    assert done.code == 0, done.output
    assert SECRET not in done.output
    assert '[ "Resize" ]' in words(done.output)

    source, template = awx.all("inventory_sources")["Databases"], awx.all("job_templates")[NAME]
    credential = awx.all("credentials")["AWS databases"]["id"]
    assert source["inventory"] == template["inventory"] == awx.all("inventories")["Databases"]["id"]
    assert (source["overwrite"], source["update_on_launch"], source["credential"]) == (True, True, credential)
    assert (template["job_slice_count"], template["ask_limit_on_launch"]) == (2, True)
    assert awx.store.associated_credentials[template["id"]] == [credential]
    survey = awx.survey(NAME)
    assert {name: (question["type"], question.get("default")) for name, question in survey.items()} == {
        "service_action_name": ("multiplechoice", None),
        "run_service_action_max_concurrency": ("text", "50"),
        "run_service_action_max_errors": ("text", "0"),
        "run_service_action_change_id": ("text", None),
        "run_service_action_retry_failed": ("multiplechoice", "false"),
        "run_service_action_change_id_adds_date": ("multiplechoice", "false"),
        "run_service_action_wait": ("multiplechoice", "true"),
        "run_service_action_wait_timeout": ("integer", 1800),
    }
    assert survey["service_action_name"]["choices"] == ["Restart", "Stop"]

    update = awx.update_inventory("Databases")
    assert update.image == "example.org/ee:1"
    assert update.environment["AWS_ENDPOINT_URL"] == emulator.url
    (tmp_path / update.path).write_text("plugin: selfservice.aws.servicecatalog_provisioned_products\n")
    listed = run("ansible-inventory", "-i", update.path, "--list", "--output", "hosts.json", **update.environment)
    assert listed.code == 0, listed.output

    change = {"run_service_action_change_id": "CHG-1", "run_service_action_change_id_adds_date": "true"}
    job = awx.launch(NAME, {"service_action_name": "Stop", **change})
    (tmp_path / job.playbook).write_text("- import_playbook: selfservice.aws.bulk_service_action\n")
    (tmp_path / "extravars").write_text(job.extra_vars)
    ended = run("ansible-playbook", "-i", update.path, job.playbook, "-e", "@extravars", **job.environment)
    assert ended.code == 0, ended.output
    assert re.search(r"CHG-1@\d{4}-\d\d-\d\d", ended.output)
    assert sorted(record["ProvisionedProductId"] for record in emulator.records()) == [
        "pp-orders0000000",
        "pp-web0000000000",
    ]


def test_a_second_run_changes_nothing(make: Runner, awx: Awx) -> None:
    assert make().code == 0
    before, writes = snapshot(awx), len(awx.writes())
    again = make(**NO_KEYS)
    assert again.code == 0, again.output
    assert "changed=0 " in again.output
    assert (snapshot(awx), len(awx.writes())) == (before, writes)


def test_a_new_secret_key_replaces_the_old_one(make: Runner, awx: Awx) -> None:
    assert make(secret_key="a-mistyped-secret").code == 0
    # AWX does not show the old one, so that any may differ from it.
    for _again in range(2):
        done = make()
        assert done.code == 0, done.output
        assert "changed=1 " in done.output
        assert SECRET not in done.output
        assert awx.all("credentials")["AWS databases"]["inputs"]["secret_access_key"] == SECRET


def test_check_mode_names_what_is_made_and_makes_nothing(make: Runner, awx: Awx) -> None:
    missing = (
        '[ "credential type AWS keys, region and endpoint", "credential AWS databases", '
        '"execution environment selfservice.aws Default", "inventory Databases", "inventory source Databases", '
        f'"job template {NAME}" ]'
    )
    checked = make("--check")
    assert checked.code == 0, checked.output
    assert missing in words(checked.output)
    assert not awx.writes()
    assert missing in words(make().output)
    writes = len(awx.writes())
    checked = make("--check", slices=4)
    # The credential and the job template.
    assert "changed=2 " in checked.output
    assert len(awx.writes()) == writes


def test_what_was_not_given_is_kept(make: Runner, awx: Awx) -> None:
    awx.all("projects")["Operations"]["playbooks"].append("fleet.yml")
    limits = {"max_concurrency": "5", "max_errors": "10%"}
    files = {"playbook": "fleet.yml", "source_file": "own.servicecatalog.yml"}
    assert make(slices=4, session_token="a-token-of-sts", **limits, **files).code == 0
    assert (awx.all("inventory_sources")["Databases"]["source_path"]) == "own.servicecatalog.yml"
    assert awx.survey(NAME)["run_service_action_max_errors"]["default"] == "10%"
    template = awx.all("job_templates")[NAME]
    template.update(description="by hand", extra_vars=json.dumps({"awx_fleet_mark": NAME, "more": 1}), forks=7)
    awx.all("inventories")["Databases"]["description"] = "by hand"
    awx.all("inventory_sources")["Databases"]["update_cache_timeout"] = 60
    other = awx.all("credentials")["Controller"]["id"]
    awx.store.associated_credentials[template["id"]].append(other)
    before = snapshot(awx)
    again = make(image=None, **NO_KEYS, aws_region="eu-west-1")
    assert again.code == 0, again.output
    assert snapshot(awx) == before


def test_what_is_given_is_changed_and_no_more(make: Runner, awx: Awx) -> None:
    assert make(session_token="a-token-of-sts").code == 0
    template, credential = awx.all("job_templates")[NAME], awx.all("credentials")["AWS databases"]
    awx.store.associated_credentials[template["id"]].append(awx.all("credentials")["Controller"]["id"])
    inputs = copy.deepcopy(credential["inputs"])
    assert make(**NO_KEYS, region="eu-west-1").code == 0
    assert credential["inputs"] == {**inputs, "region": "eu-west-1"}

    image = awx.all("execution_environments")["selfservice.aws Default"]
    image["pull"] = "never"
    keys = {"access_key": "AKIDNEW", "secret_key": "another-secret"}
    done = make(**keys, service_actions=["Stop"], image="example.org/ee:2")
    assert done.code == 0, done.output
    # The session token belonged to the old keys.
    del inputs["session_token"]
    keys = {"access_key_id": "AKIDNEW", "secret_access_key": "another-secret"}
    assert credential["inputs"] == {**inputs, **keys, "region": "eu-west-1"}
    assert (image["image"], image["pull"]) == ("example.org/ee:2", "never")
    assert awx.survey(NAME)["service_action_name"]["choices"] == ["Stop"]
    assert credentials_of(awx, NAME) == {"AWS databases", "Controller"}


def test_a_fleet_of_equal_names_in_another_organization_is_not_changed(make: Runner, awx: Awx) -> None:
    assert make().code == 0
    another = awx.store.add("organizations", name="Another")
    project = {name: value for name, value in awx.all("projects")["Operations"].items() if name != "id"}
    awx.store.add("projects", **{**project, "organization": another})
    # Once the credential type exists, no superuser is needed.
    awx.store.is_superuser, awx.store.own_organization = False, another
    before = snapshot(awx)[0]
    done = make(organization="Another", image="example.org/ee:2")
    assert done.code == 0, done.output
    items = awx.store.items
    assert {endpoint: {number: items[endpoint][number] for number in before[endpoint]} for endpoint in before} == before
    made = {
        endpoint: [items[endpoint][number] for number in items[endpoint].keys() - before[endpoint]]
        for endpoint in before
    }
    assert {endpoint: [each["name"] for each in found] for endpoint, found in made.items() if found} == {
        "execution_environments": ["selfservice.aws Another"],
        "inventories": ["Databases"],
        "inventory_sources": ["Databases"],
        "credentials": ["AWS databases"],
        "job_templates": [NAME],
    }
    (template,), (source,) = made["job_templates"], made["inventory_sources"]
    assert template["organization"] == another
    assert template["inventory"] == source["inventory"] == made["inventories"][0]["id"]
    assert "changed=0 " in make(**NO_KEYS).output


def test_the_fleets_of_two_accounts_live_in_one_organization(make: Runner, awx: Awx, emulator: Emulator) -> None:
    assert make().code == 0
    before = snapshot(awx)
    # This variable beats the general one, as in AWS's own tools.
    second = {"name": "Databases (second)", "credential": "AWS second", "access_key": "AKIDSECOND"}
    done = make(**second, endpoint=emulator.url + "/")
    assert done.code == 0, done.output
    items, _surveys, linked = before
    assert {
        endpoint: {key: awx.store.items[endpoint][key] for key in found} for endpoint, found in items.items()
    } == items
    assert {key: awx.store.associated_credentials[key] for key in linked} == linked
    credential = awx.all("credentials")["AWS second"]
    assert (credential["inputs"]["access_key_id"], credential["inputs"]["endpoint_url"]) == (
        "AKIDSECOND",
        emulator.url + "/",
    )
    template = awx.all("job_templates")["Databases (second) - Run a service action"]
    assert awx.store.associated_credentials[template["id"]] == [credential["id"]]
    assert awx.all("inventory_sources")["Databases (second)"]["credential"] == credential["id"]
    assert "changed=0 " in make(**NO_KEYS).output


def test_a_credential_of_another_type_is_used_as_it_is(make: Runner, awx: Awx) -> None:
    operator = awx.all("credentials")["AWS operator"]
    before = copy.deepcopy(operator)
    done = make(credential="AWS operator", **NO_KEYS)
    assert done.code == 0, done.output
    assert operator == before
    assert awx.all("inventory_sources")["Databases"]["credential"] == operator["id"]
    assert awx.store.associated_credentials[awx.all("job_templates")[NAME]["id"]] == [operator["id"]]
    assert "AWS keys, region and endpoint" not in awx.all("credential_types")


def test_a_job_gets_the_keys_of_the_latest_credential_only(make: Runner, awx: Awx) -> None:
    assert make(credential="AWS operator", **NO_KEYS).code == 0
    done = make()
    assert done.code == 0, done.output
    assert credentials_of(awx, NAME) == {"AWS databases"}
    done = make(credential="AWS operator", **NO_KEYS)
    assert done.code == 0, done.output
    assert credentials_of(awx, NAME) == {"AWS operator"}
    job = awx.launch(NAME, {"service_action_name": "Stop"})
    assert job.environment["AWS_ACCESS_KEY_ID"] == "AKIDEXAMPLE"


def test_two_fleets_in_one_run_have_their_own_credentials(make: Runner, run: Runner, awx: Awx, tmp_path: Path) -> None:
    assert make(name="One", credential="AWS operator", **NO_KEYS).code == 0
    other = awx.all("credentials")["Controller"]["id"]
    awx.store.associated_credentials[awx.all("job_templates")["One - Run a service action"]["id"]].append(other)
    fleets = (
        {"name": "One", "credential": "AWS operator"},
        {"name": "Two", "credential": "AWS two", "access_key": "AKIDTWO", "secret_key": SECRET},
    )
    plays = [
        {
            "import_playbook": "selfservice.aws.awx_fleet",
            "vars": {f"awx_fleet_{name}": value for name, value in {**fleet, "project": "Operations"}.items()},
        }
        for fleet in fleets
    ]
    (tmp_path / "fleets.yml").write_text(json.dumps(plays))
    product = ("-e", json.dumps(ORDERS))
    done = run("ansible-playbook", "fleets.yml", *product, AWS_REGION="us-east-1", **awx.environment)
    assert done.code == 0, done.output
    assert credentials_of(awx, "One - Run a service action") == {"AWS operator", "Controller"}
    assert credentials_of(awx, "Two - Run a service action") == {"AWS two"}


def test_the_actions_of_a_version_are_those_of_its_provisioned_products(make: Runner, awx: Awx) -> None:
    version = {"awx_fleet_product_id": "prod-1", "awx_fleet_provisioning_artifact_id": "pa-1"}
    for wrong in ({"awx_fleet_product_id": "prod-2"}, {"awx_fleet_provisioning_artifact_id": "pa-2"}):
        refused = make(product={**version, **wrong})
        assert refused.code == 2
        assert "has no provisioned product. Check that the version belongs to this product" in words(refused.output)
        assert not awx.writes()
    done = make(product=version)
    assert done.code == 0, done.output
    assert awx.survey(NAME)["service_action_name"]["choices"] == ["Restart", "Stop"]


@pytest.mark.parametrize("name", ["Off", "1.10"])
def test_an_action_named_like_a_boolean_or_a_number_runs(
    make: Runner, run: Runner, awx: Awx, emulator: Emulator, tmp_path: Path, name: str
) -> None:
    product = {"product": "prod-1", "artifact": "pa-1"}
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": name, "run": {"seconds": 1}}],
            "products": [
                {
                    "id": "prod-1",
                    "name": "Database",
                    "artifacts": [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}],
                }
            ],
            "provisioned_products": [{"id": "pp-orders0000000", "name": "orders", "resources": ["i-1"], **product}],
        }
    )
    assert make().code == 0
    job = awx.launch(NAME, {"service_action_name": name})
    (tmp_path / job.playbook).write_text("- import_playbook: selfservice.aws.bulk_service_action\n")
    (tmp_path / "extravars").write_text(job.extra_vars)
    (tmp_path / "hosts.yml").write_text("all: {hosts: {orders: {provisioned_product_id: pp-orders0000000}}}\n")
    ended = run("ansible-playbook", "-i", "hosts.yml", job.playbook, "-e", "@extravars", **job.environment)
    assert ended.code == 0, ended.output
    assert len(emulator.records()) == 1


def test_whatever_is_in_the_way_is_told_before_anything_is_made(make: Runner, awx: Awx) -> None:
    awx.all("projects")["Operations"].update(playbooks=[], scm_type="")
    awx.store.add("job_templates", name=NAME, organization=awx.all("organizations")["Default"]["id"])
    done = make(service_actions=["Start"])
    assert done.code == 2
    assert "Nothing was changed in AWX." in words(done.output)
    assert f"The job template {NAME} was not created by this playbook." in words(done.output)
    assert "The project Operations has no playbook bulk_service_action.yml (it has none)." in words(done.output)
    assert "AWX can't read an inventory source from the manual project Operations." in words(done.output)
    assert "The product has no service action Start. It has: Restart, Stop, Resize." in words(done.output)
    assert not awx.writes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": None}, "Give awx_fleet_name."),
        ({"project": ""}, "Give awx_fleet_project."),
        ({"product_id": "prod-1"}, "Give one of provisioned_product_id and provisioned_product_name, or"),
        ({"service_actions": "Stop"}, "awx_fleet_service_actions is a list of names."),
    ],
)
def test_invalid_input_is_reported_before_any_call(
    make: Runner, awx: Awx, emulator: Emulator, options: dict[str, Any], message: str
) -> None:
    done = make(**options)
    assert done.code == 2
    assert message in words(done.output)
    assert not emulator.calls()
    assert not awx.server.requests


def test_a_name_that_is_the_id_of_another_object_changes_nothing(make: Runner, awx: Awx) -> None:
    number = awx.store.add("inventories", name="Production", organization=awx.all("organizations")["Default"]["id"])
    done = make(name=number)
    assert done.code == 2
    assert f"awx.awx would take the name {number} for the id of another object." in words(done.output)
    assert not awx.writes()
