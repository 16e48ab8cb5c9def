# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts from provisioned products: names, variables and cache keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible import template
from ansible.vars.reserved import is_reserved_name
from ansible_collections.selfservice.aws.plugins.module_utils._exceptions import InvalidInput
from ansible_collections.selfservice.aws.plugins.plugin_utils._inventory import hosts, source
from ansible_collections.selfservice.aws.plugins.plugin_utils._inventory.hosts import Preference
from ansible_collections.selfservice.aws.plugins.plugin_utils._inventory.source import Source
from botocore.client import BaseClient
from botocore.session import Session
from emulator import Emulator

HOSTILE = "{{ lookup('pipe', 'id') }}"
SOURCE = Source(("us-east-1",), (), (), "account")


def product(name: str, number: int = 1, **members: Any) -> dict[str, Any]:
    return {"id": f"pp-{number}", "name": name, "region": "us-east-1", "tags": {}, **members}


@pytest.mark.parametrize(
    ("hostnames", "members", "expected"),
    [
        ([], {}, "web"),
        (["name"], {}, "web"),
        (["provisioned_product_name"], {}, "web"),
        (["tag:Name"], {"tags": {"Name": "shop"}}, "shop"),
        (["tag:Name"], {"tags": {"name": "case counts"}}, "web"),
        (["tag:Name", "product_name"], {"product_name": "Web server"}, "Web_server"),
        (["tag:a=b:c"], {"tags": {"a=b:c": "x"}}, "x"),
        (["status_message"], None, "hostnames has 'status_message'"),
        (["tag:"], None, "hostnames has 'tag:'"),
        ([{"prefix": "region"}], None, "must have name"),
        ([{"name": "name", "suffix": "x"}], None, "must have name"),
        ([{"name": "name", "prefix": "literal"}], None, "hostnames has 'literal'"),
        ([{"name": "name", "prefix": "region", "separator": "-"}], {}, "us-east-1-web"),
        ([{"name": "name", "prefix": "region"}], {}, "us-east-1_web"),
        ([{"name": "name", "prefix": "tag:team"}], {}, "web"),
        ([{"name": "tag:team", "prefix": "region"}], {}, "web"),
        (["tag:Name"], {"tags": {"Name": HOSTILE}}, "_lookup_pipe_id_"),
        (["tag:Name"], {"tags": {"Name": "{{ }}"}}, "web"),
        (["tag:Name"], {"tags": {"Name": "../../etc/passwd"}}, "_.._etc_passwd"),
        (["tag:Name"], {"tags": {"Name": "-.!all:&x[1:3],~y*"}}, "_all_x_1_3_y_"),
        (["tag:Name"], {"tags": {"Name": "Bücher 本"}}, "Bücher_本"),
        (["tag:Name"], {"tags": {"Name": "x\u202e\n\ty"}}, "x_y"),
        (["tag:Name"], {"tags": {"Name": "all"}}, "pp-1"),
        (["tag:Name"], {"tags": {"Name": "localhost"}}, "pp-1"),
        (["arn"], {"arn": "arn:aws:x:y/web"}, "arn_aws_x_y_web"),
    ],
)
def test_a_host_is_named_by_the_first_preference_that_has_a_value(
    hostnames: list[Any], members: dict[str, Any] | None, expected: str
) -> None:
    if members is None:
        with pytest.raises(InvalidInput, match="hostnames has") as caught:
            hosts.preferences_of(hostnames)
        assert expected in str(caught.value)
        return
    preferences = hosts.preferences_of(hostnames)
    assert hosts.host_names([product("web", **members)], preferences, {"all", "localhost"}) == [expected]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "b", "a"], ["pp-0", "b", "pp-2"]),
        (["a", "A"], ["a", "A"]),
        (["pp-1", "x"], ["pp-0", "x"]),
        (["pp-0", "x"], ["pp-0", "x"]),
        (["x y", "x_y"], ["pp-0", "pp-1"]),
        (["", "x"], ["pp-0", "x"]),
    ],
)
def test_hosts_whose_names_clash_are_named_by_id(names: list[str], expected: list[str]) -> None:
    products = [product(name, number) for number, name in enumerate(names)]
    for order in (products, products[::-1]):
        found = hosts.host_names(order, [Preference("name")], ())
        assert dict(zip([each["id"] for each in order], found)) == dict(
            zip([each["id"] for each in products], expected)
        )


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", {f"provisioned_product_{name}" for name in ("id", "name", "type", "tags")} | {"region"}),
        ("x_", {"provisioned_product_id", "x_provisioned_product_name", "region", "x_provisioned_product_tags"}),
    ],
)
def test_variables_avoid_names_that_ansible_reserves(prefix: str, expected: set[str]) -> None:
    found = hosts.host_variables(product("web", type="CFN_STACK", environment="of tomorrow"), prefix)
    assert expected <= set(found)
    assert not [name for name in found if is_reserved_name(name)]
    assert not {"id", "type"} & set(found)
    assert found[f"{prefix}provisioned_product_environment"] == "of tomorrow"


def test_variables_are_never_templated() -> None:
    hostile = product(HOSTILE, tags={HOSTILE: HOSTILE}, status_message=HOSTILE)
    variables = hosts.expression_variables(hostile, "")
    for expression in ("{{ provisioned_product_name }}", "{{ tags | first }}", "{{ tags.values() | first }}"):
        templar = template.Templar(None, variables=variables)
        trusted = getattr(template, "trust_as_template", str)(expression)
        assert templar.template(trusted) == HOSTILE


@pytest.mark.parametrize(
    "other",
    [
        {"identity": ["access_key", "B"]},
        {"identity": ["role", "A"]},
        {"endpoints": ["http://localhost"]},
        {"source": SOURCE._replace(regions=("us-east-2",))},
        {"source": SOURCE._replace(regions=("us-east-1", "us-east-2"))},
        {"source": SOURCE._replace(queries=("x",))},
        {"source": SOURCE._replace(tags=(("env", "prod"),))},
        {"source": SOURCE._replace(access_level="role")},
    ],
)
def test_sources_that_may_return_different_hosts_have_different_cache_keys(other: dict[str, Any]) -> None:
    given: dict[str, Any] = {"identity": ["access_key", "A"], "endpoints": [None], "source": SOURCE}
    assert source.cache_key(**given) == source.cache_key(**given)
    assert source.cache_key(**given) != source.cache_key(**{**given, **other})


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("status", "statuses"),
        ("filters", "tags or search_query"),
        ("search_querys", "search_query"),
        ("Regions", "regions"),
        ("aws_profil", "aws_profile"),
        ("colour", None),
    ],
)
def test_an_unknown_option_is_rejected_with_a_suggestion(option: str, meant: str | None) -> None:
    known = {"statuses": [], "search_query": [], "tags": [], "regions": [], "profile": ["aws_profile"]}
    source.check_options(["tags", "aws_profile"], known)
    with pytest.raises(InvalidInput) as caught:
        source.check_options(["tags", option], known)
    hint = f" Did you mean {meant}?" if meant else ""
    assert str(caught.value) == (
        f"Unknown option {option!r}.{hint} The options are: profile, regions, search_query, statuses, tags."
    )


STATIC = "aws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n"
ROLE = f"role_arn = arn:aws:iam::1:role/A\n{STATIC}"
SSO = "sso_account_id = 1\nsso_role_name = A\nsso_start_url = u\nsso_region = r\n"
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/f", "AWS_ROLE_ARN": "arn:aws:iam::2:role/B"}


@pytest.mark.parametrize(
    ("profile", "environment", "access_level", "expected"),
    [
        (STATIC, {}, "account", ["access_key", "AKIDPROFILE"]),
        (ROLE, {}, "account", ["role", "arn:aws:iam::1:role/A"]),
        (ROLE, WEB, "role", ["role", "arn:aws:iam::1:role/A"]),
        (STATIC, WEB, "role", ["role", "arn:aws:iam::2:role/B"]),
        (SSO, {}, "account", ["sso", "1", "A"]),
        (STATIC, WEB, "user", ["access_key", "AKIDPROFILE"]),
        (STATIC, WEB, None, ["access_key", "AKIDPROFILE"]),
    ],
)
def test_account_and_role_are_identified_without_a_call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    environment: Mapping[str, str],
    access_level: str | None,
    expected: list[str],
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text(f"[profile one]\n{profile}")
    assert source.identity_of(Session(profile="one"), environment, access_level) == expected


@pytest.mark.parametrize(
    ("prefix", "is_valid"), [("", True), ("sc_", True), ("1", False), ("a-b", False), ("ä", False)]
)
def test_a_prefix_must_make_valid_variable_names(prefix: str, is_valid: bool) -> None:
    if is_valid:
        hosts.check_prefix(prefix)
    else:
        with pytest.raises(InvalidInput, match="hostvars_prefix"):
            hosts.check_prefix(prefix)


def test_cached_products_are_restored_unchanged(
    emulator: Emulator, connect: Callable[[Mapping[str, Any]], BaseClient]
) -> None:
    emulator.update_product("pp-bare00000001", tags={"__ansible_vault": "x", "__ansible_type": "TrustedAsTemplate"})
    read = source.read_regions(lambda _region: connect({}), SOURCE)
    found = source.products_of(json.loads(json.dumps(read)))
    assert found == source.products_of(read)
    assert {each["name"]: each["tags"] for each in found}["bare-db"]["__ansible_vault"] == "x"
    assert "__ansible" not in "".join(_keys(read))


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []
