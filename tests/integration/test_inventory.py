# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, run by ansible-inventory and ansible-playbook."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator

PLUGIN = "selfservice.aws.servicecatalog_provisioned_products"
EXAMPLES = importlib.import_module(
    "ansible_collections.selfservice.aws.plugins.inventory.servicecatalog_provisioned_products"
).EXAMPLES
HOSTILE = "{{ lookup('pipe', 'echo templated') }}"
SEARCH = "SearchProvisionedProducts"
OTHER = "eu-central-1"
Runner = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that writes an inventory source, and returns the arguments that select it."""

    def write(text: str = "", name: str = "fleet", **options: Any) -> list[str]:
        file = tmp_path / f"{name}.servicecatalog.yml"
        file.write_text(text or yaml.safe_dump({"plugin": PLUGIN, **options}))
        return ["-i", str(file)]

    return write


@pytest.fixture
def list_hosts(run: Runner, source: Runner) -> Runner:
    """Return a function that runs ansible-inventory, and returns its JSON with unsafe texts as plain ones."""

    def start(*arguments: str, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        text = options.pop("text", "")
        done = run("ansible-inventory", *source(text, **options), "--list", *arguments, **(environment or {}))
        assert done.code == 0, done.output
        assert "Failed to parse" not in done.output, done.output
        printed = done.output[done.output.index("{") : done.output.rindex("}") + 1]
        found: dict[str, Any] = json.loads(printed, object_hook=lambda each: each.get("__ansible_unsafe", each))
        found["_meta"]["output"] = done.output
        return found

    return start


def variables(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    hostvars: dict[str, dict[str, Any]] = found["_meta"]["hostvars"]
    return hostvars


def world(*products: dict[str, Any], product_name: str = "Web", run: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a world with these provisioned products, all of one product with one action."""
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    common = {"product": "prod-1", "artifact": "pa-1"}
    return {
        "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": 1, **(run or {})}}],
        "products": [{"id": "prod-1", "name": product_name, "artifacts": artifacts}],
        "provisioned_products": [{**common, **product} for product in products],
    }


@pytest.mark.parametrize("text", EXAMPLES.split("---\n"), ids=range(EXAMPLES.count("---\n") + 1))
def test_the_examples_run_without_warnings(list_hosts: Runner, text: str) -> None:
    found = list_hosts(text=text)
    assert len(found["servicecatalog"]["hosts"]) >= 2
    assert "[WARNING]" not in found["_meta"]["output"]
    if "keyed_groups" in text:
        assert found["env_prod"]["hosts"] == ["orders-db", "billing-db"]
        assert len(found["region_us_east_1"]["hosts"]) == 5
        assert "network" not in found["databases"]["hosts"]
        owners = {name: hostvars["owner"] for name, hostvars in variables(found).items()}
        assert (owners["orders-db"], owners["bare-db"]) == ("orders", "nobody")
    if "prefix: region" in text and "hostvars_prefix" in text:
        # Two products of the team orders clash.
        assert set(variables(found)) >= {"us-east-1-billing", "pp-orders0000001", "pp-legacy0000001", "network"}


def test_a_host_has_all_attributes_that_the_service_returns(list_hosts: Runner, emulator: Emulator) -> None:
    emulator.update_product("pp-orders0000001", tags={"Größe": "groß", "CamelCase": "kept"})
    orders = variables(list_hosts())["orders-db"]
    assert orders["provisioned_product_tags"] == {"Größe": "groß", "CamelCase": "kept"}
    assert (orders["provisioned_product_id"], orders["provisioned_product_name"]) == ("pp-orders0000001", "orders-db")
    assert (orders["provisioned_product_type"], orders["region"]) == ("CFN_STACK", "us-east-1")
    assert orders["created_time"] == "2026-01-01T00:00:00+00:00"
    assert (orders["product_name"], orders["status"]) == ("Database", "AVAILABLE")
    assert not {"id", "name", "type", "tags"} & set(orders)


def test_hosts_of_two_regions_whose_names_clash_are_named_by_id(list_hosts: Runner, emulator: Emulator) -> None:
    clashing = [{"id": "pp-a", "name": "web", "region": "us-east-1"}, {"id": "pp-b", "name": "web", "region": OTHER}]
    others = [
        {"id": "pp-c", "name": "WEB", "region": OTHER},
        {"id": "pp-d", "name": "servicecatalog", "region": OTHER, "status": "TAINTED"},
        {"id": "pp-e", "name": "localhost", "region": OTHER},
    ]
    emulator.reset(world(*clashing, *others))
    found = list_hosts(regions=["us-east-1", OTHER, OTHER])
    assert {name: hostvars["region"] for name, hostvars in variables(found).items()} == {
        "pp-a": "us-east-1",
        **dict.fromkeys(["pp-b", "WEB", "pp-d", "pp-e"], OTHER),
    }
    assert variables(list_hosts(region=OTHER)).keys() == {"web", "WEB", "pp-d", "pp-e"}
    assert variables(list_hosts(regions=["us-east-1", OTHER], statuses=["TAINTED"])).keys() == {"pp-d"}
    assert [call["region"] for call in emulator.calls(SEARCH)] == ["us-east-1", OTHER, OTHER, "us-east-1", OTHER]


def test_the_search_query_and_access_level_are_sent(list_hosts: Runner, emulator: Emulator) -> None:
    list_hosts(search_query=["tags:orders", "status:AVAILABLE"], access_level="role")
    sent = emulator.calls(SEARCH)[0]["parameters"]
    assert sent["Filters"] == {"SearchQuery": ["tags:orders", "status:AVAILABLE"]}
    assert sent["AccessLevelFilter"] == {"Key": "Role", "Value": "self"}


def test_tags_select_hosts_and_have_a_cache_of_their_own(
    list_hosts: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    assert set(variables(list_hosts(tags={"team": "orders"}, **cached))) == {"orders-db", "legacy-db"}
    assert set(variables(list_hosts(tags={"team": "orders", "env": "prod"}, **cached))) == {"orders-db"}
    assert len(variables(list_hosts(tags={}, **cached))) == 5
    assert set(variables(list_hosts(tags={"env": "prod", "team": "orders"}, **cached))) == {"orders-db"}
    assert len(emulator.calls(SEARCH)) == 3
    # With a search, both conditions apply.
    assert set(variables(list_hosts(tags={"team": "orders"}, search_query=["status:AVAILABLE"]))) == {"orders-db"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"status": ["AVAILABLE"]}, "Unknown option 'status'. Did you mean statuses? The options are: access_key, "),
        ({"filters": {"tag:env": "prod"}}, "Unknown option 'filters'. Did you mean tags or search_query?"),
        ({"tags": {"team": None}}, "The tag 'team' in tags has no value; tags always have a value."),
    ],
)
def test_options_that_are_wrong_fail_before_any_call(
    run: Runner, source: Runner, emulator: Emulator, options: dict[str, Any], message: str
) -> None:
    done = run("ansible-inventory", *source(**options), "--list", ANSIBLE_INVENTORY_UNPARSED_FAILED="1")
    assert done.code != 0
    assert message in " ".join(done.output.split())
    assert emulator.calls() == []


def test_options_of_fragments_and_other_names_of_options_are_known(list_hosts: Runner) -> None:
    given = {"aws_region": "us-east-1", "strict": False, "use_extra_vars": False, "cache_timeout": 1}
    assert len(variables(list_hosts(**given))) == 5


def test_the_cache_saves_all_calls_and_is_separate_for_each_account(
    list_hosts: Runner, run: Runner, source: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.reset(world({"id": "pp-a", "name": "web", "status_message": HOSTILE, "tags": {"Key": "v"}}))
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = list_hosts(**cached)
    assert variables(list_hosts(name="same-question", **cached)) == variables(first)
    assert len(emulator.calls()) == 1
    content = "".join(file.read_text() for file in (tmp_path / "cache").iterdir())
    stored = json.loads(content)
    # ansible-core 2.19 and newer wrap the cached JSON in JSON.
    kept = json.loads(stored.get("__payload__", content))["us-east-1"]["products"][0]
    assert (kept["status_message"], kept["tags"]) == (HOSTILE, [["Key", "v"]])
    assert "__ansible" not in content
    assert "AKIDEXAMPLE" not in content + "".join(file.name for file in (tmp_path / "cache").iterdir())
    play = tmp_path / "play.yml"
    task = {"ansible.builtin.debug": {"msg": "{{ status_message }}"}}
    play.write_text(yaml.safe_dump([{"hosts": "web", "gather_facts": False, "tasks": [task]}]))
    done = run("ansible-playbook", *source(**cached), str(play))
    assert "pipe" in done.output
    assert "templated" not in done.output.replace("echo templated", "")
    assert len(emulator.calls()) == 1
    list_hosts(environment={"AWS_ACCESS_KEY_ID": "AKIDOTHER"}, **cached)
    list_hosts(search_query=["web"], **cached)
    assert len(emulator.calls()) == 3
    play.write_text(yaml.safe_dump([{"hosts": "web", "gather_facts": False, "tasks": [{"meta": "refresh_inventory"}]}]))
    assert run("ansible-playbook", *source(**cached), str(play)).code == 0
    assert len(emulator.calls()) == 4
    play.write_text(yaml.safe_dump([{"hosts": "web", "gather_facts": False}]))
    assert run("ansible-playbook", *source(**cached), str(play), "--flush-cache").code == 0
    assert len(emulator.calls()) == 5


def replaced_by(value: Any) -> Callable[[str], str]:
    """Return a function that replaces the value of a cache file; since ansible-core 2.19, it is inside of another."""
    text = json.dumps(value)
    return lambda content: json.dumps({"__payload__": text}) if "__payload__" in content else text


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _content: "",
        lambda _content: "null",
        replaced_by({"us-east-1": {"products": [1], "level": "user", "denied": None}}),
        replaced_by({"us-east-1": {"products": 5, "level": "user", "denied": None}}),
        replaced_by({"us-east-1": {"products": None, "level": None, "denied": None}}),
        lambda content: content.replace("account", "everyone"),
        replaced_by(["another", "plugin"]),
        replaced_by({}),
        replaced_by({"eu-west-1": {"products": [], "level": "user", "denied": None}}),
    ],
    ids=[
        "torn",
        "empty",
        "null",
        "other products",
        "no products",
        "no reason",
        "no level",
        "another plugin's",
        "no regions",
        "another region",
    ],
)
def test_a_damaged_cache_is_replaced_in_the_same_run(
    list_hosts: Runner, emulator: Emulator, tmp_path: Path, damage: Callable[[str], str]
) -> None:
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = variables(list_hosts(**cached))
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text(damage(file.read_text()))
    assert variables(list_hosts(**cached)) == first
    calls = len(emulator.calls())
    assert variables(list_hosts(**cached)) == first
    assert len(emulator.calls()) == calls


def test_hosts_are_in_the_order_of_the_regions_also_from_a_shared_cache(
    run: Runner, source: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.reset(
        world({"id": "pp-a", "name": "east", "region": "us-east-1"}, {"id": "pp-b", "name": "central", "region": OTHER})
    )
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    for regions in (["us-east-1", OTHER], ["us-east-1", OTHER], [OTHER, "us-east-1"]):
        listed = run("ansible", *source(regions=regions, **cached), "all", "--list-hosts").output.split()
        assert listed[-2:] == [{"us-east-1": "east", OTHER: "central"}[region] for region in regions]
    assert len(emulator.calls()) == 2


def test_nothing_is_cached_if_the_role_cannot_be_assumed(
    run: Runner, source: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    role = "arn:aws:iam::123456789012:role/Fleet"
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    emulator.fault("AssumeRole", "access_denied")
    done = run("ansible-inventory", *source(assume_role_arn=role, **cached), "--list")
    assert f"Unable to assume role {role}: " in " ".join(done.output.split())
    assert [call["operation"] for call in emulator.calls()] == ["AssumeRole"]
    assert not list((tmp_path / "cache").iterdir())


def test_nothing_from_the_service_is_templated(
    run: Runner, list_hosts: Runner, source: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    outputs = {"outputs": {"Log": HOSTILE}}
    emulator.reset(world({"id": "pp-a", "name": "web", "status_message": HOSTILE}, product_name=HOSTILE, run=outputs))
    options = {
        "hostnames": ["product_name"],
        "compose": {"composed": "'it is ' ~ status_message", "copied": "product_name"},
        "keyed_groups": [{"key": "product_name", "prefix": "of"}],
        "hostvars_prefix": "sc_",
    }
    found = list_hosts(**options)
    groups = {name: group["hosts"] for name, group in found.items() if name.startswith("of_")}
    assert list(groups.values()) == [["_lookup_pipe_echo_templated_"]]
    assert not re.search(r"\W", "".join(groups))
    shown = ("sc_product_name", "sc_status_message", "composed", "copied", "inventory_hostname", "group_names")
    tasks = [{"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}}"}} for name in shown]
    action = {
        "provisioned_product_id": "{{ provisioned_product_id }}",
        "service_action_id": "act-1",
        "region": "{{ region }}",
        "wait": True,
    }
    tasks += [
        {f"{PLUGIN.rpartition('.')[0]}.servicecatalog_service_action": action, "delegate_to": "localhost"},
        {"ansible.builtin.debug": {"var": "ansible_facts.servicecatalog_record_detail"}},
    ]
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "servicecatalog", "gather_facts": False, "tasks": tasks}]))
    done = run("ansible-playbook", *source(**options), str(play), "-v")
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output
    assert done.output.count("echo templated") >= 5
    assert "templated" not in re.sub("echo[_ ]templated", "", done.output)


def test_a_denied_region_is_omitted_without_strict_permissions(
    run: Runner, list_hosts: Runner, source: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.fault(SEARCH, "access_denied", region=OTHER)
    options: dict[str, Any] = {"regions": ["us-east-1", OTHER]}
    options |= {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    done = run("ansible-inventory", *source(**options), "--list")
    words = " ".join(done.output.split())
    for word in ("fleet.servicecatalog.yml", OTHER, "servicecatalog:SearchProvisionedProducts", "strict_permissions"):
        assert word in words
    assert "orders-db" not in words
    assert "Traceback" not in words
    for _again in range(2):
        found = list_hosts(strict_permissions=False, **options)
        assert len(variables(found)) == 5
        warned = " ".join(found["_meta"]["output"].split())
        assert f"The provisioned products in {OTHER} may not be read" in warned
        assert "servicecatalog:SearchProvisionedProducts" in warned
    # The denied region, for which each level was tried, was cached too.
    assert len(emulator.calls(SEARCH)) == 8


def test_without_an_access_level_the_one_found_is_cached_and_its_warning_repeated(
    list_hosts: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.fault(SEARCH, "access_denied", calls=[1, 2], region=OTHER)
    options: dict[str, Any] = {"regions": ["us-east-1", OTHER]}
    options |= {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    for _again in range(2):
        warned = " ".join(list_hosts(**options)["_meta"]["output"].split())
        assert warned.count("is not allowed for the whole account") == 1
        assert f"account in {OTHER}, so only the provisioned products of this user are listed" in warned
        assert "To avoid this warning, set access_level: user." in warned
        assert [call["parameters"]["AccessLevelFilter"]["Key"] for call in emulator.calls(SEARCH)] == [
            "Account",
            "Account",
            "Role",
            "User",
        ]
    assert "access_level" not in list_hosts(access_level="user", **options)["_meta"].get("output", "")


@pytest.mark.parametrize(
    ("options", "more", "calls", "message"),
    [
        ({"search_query": ["color:red"]}, {}, 1, "us-east-1 could not be read (search_query: ['color:red']): Invalid"),
        ({"hostnames": ["colour"]}, {}, 0, "hostnames has 'colour'; it must be tag:KEY, arn, "),
        ({"statuses": ["available"]}, {}, 0, "statuses has 'available'; it must be AVAILABLE, UNDER_CHANGE"),
        ({"hostvars_prefix": "a-"}, {}, 0, "hostvars_prefix must have only letters"),
        ({"access_level": "everyone"}, {}, 0, "everyone"),
        ({}, {"AWS_REGION": ""}, 0, "No region is configured: set regions"),
        (
            {},
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            0,
            "in us-east-1 could not be read: NoCredentials",
        ),
        (
            {"profile": "none"},
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            0,
            "profile (none) could not be f",
        ),
        ({"regions": ["US East"]}, {}, 0, "US East"),
        ({"compose": {"x": "nothing"}, "strict": True}, {}, 1, "Could not set x for host orders-db"),
    ],
)
def test_errors_are_reported_without_a_traceback(
    run: Runner,
    source: Runner,
    emulator: Emulator,
    options: dict[str, Any],
    more: dict[str, str],
    calls: int,
    message: str,
) -> None:
    away = {"AWS_EC2_METADATA_DISABLED": "true", **more}
    done = run("ansible-inventory", *source(**options), "--list", **away)
    words = " ".join(done.output.split())
    assert message in words, done.output
    assert "fleet.servicecatalog.yml" in words
    assert "Traceback" not in words
    assert len(emulator.calls()) == calls


@pytest.mark.parametrize(("kind", "code"), [("throttling", "ThrottlingException"), ("garbage", "HTTP 200")])
def test_an_error_that_persists_is_reported_with_its_region(
    run: Runner, source: Runner, emulator: Emulator, kind: str, code: str
) -> None:
    emulator.fault(SEARCH, kind)
    done = run("ansible-inventory", *source(), "--list", AWS_MAX_ATTEMPTS="2")
    words = " ".join(done.output.split())
    assert code in words, done.output
    assert "The provisioned products in us-east-1 could not be read" in words
    assert "Traceback" not in words
    assert len(emulator.calls()) == 2


def test_two_sources_list_a_product_once_and_share_no_host(run: Runner, source: Runner, emulator: Emulator) -> None:
    emulator.reset(
        world({"id": "pp-a", "name": "web", "region": "us-east-1"}, {"id": "pp-b", "name": "web", "region": OTHER})
    )
    one, both = source(name="1"), source(name="2", regions=["us-east-1", OTHER])
    done = run("ansible-inventory", *one, *both, "--graph")
    assert re.findall(r"\|--([\w-]+)", done.output) == ["web", "pp-b"]


def test_the_bulk_playbook_runs_the_action_on_the_hosts_of_the_inventory(
    run: Runner, source: Runner, emulator: Emulator
) -> None:
    emulator.reset(world(*({"id": f"pp-{n}", "name": f"web-{n}", "tags": {"n": str(n)}} for n in range(5))))
    options = {"service_action_name": "Restart", "change_id": "CHG-1", "serial": "2"}
    given = json.dumps({f"run_service_action_{name}": value for name, value in options.items()})
    inventory = source(hostvars_prefix="sc_")
    book = ["ansible-playbook", *inventory, "selfservice.aws.bulk_service_action", "-e", given]
    done = run(*book, "--limit", "servicecatalog:!web-4", "--forks", "2")
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output
    assert done.output.count(": Run the service action - ") == 2
    assert sorted(record["ProvisionedProductId"] for record in emulator.records()) == [f"pp-{n}" for n in range(4)]
    assert {record["Status"] for record in emulator.records()} == {"SUCCEEDED"}
    assert run(*book).code == 0
    assert len(emulator.records()) == 5
