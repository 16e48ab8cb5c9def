# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Information in two places agrees: specs, fragments, results, action group, guides, permissions and targets."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfservice.aws.plugins.module_utils import _arguments
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.results import record_detail
from ansible_collections.selfservice.aws.plugins.plugin_utils._inventory import hosts, source
from botocore import xform_name
from botocore.session import Session
from emulator.environment import ENVIRONMENT

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
FRAGMENTS = sorted(path.stem for path in (ROOT / "plugins" / "doc_fragments").glob("*.py") if path.stem != "attributes")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_and_its_argument_spec_agree(name: str) -> None:
    fragment = runpy.run_path(str(ROOT / "plugins" / "doc_fragments" / f"{name}.py"))["ModuleDocFragment"]
    documented = yaml.safe_load(fragment.DOCUMENTATION)["options"]
    for option in documented.values():
        assert option.pop("description")
    specified: dict[str, Any] = getattr(_arguments, name)()
    assert documented == {
        option: {key: value for key, value in spec.items() if key != "no_log"} for option, spec in specified.items()
    }


def test_the_action_group_has_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert sorted(runtime["action_groups"]["aws"]) == [name for name in MODULES if name.startswith("servicecatalog_")]


@pytest.mark.parametrize("name", MODULES)
def test_the_singular_of_a_list_of_ids_or_names_is_an_alias(name: str) -> None:
    text = runpy.run_path(str(ROOT / "plugins" / "modules" / f"{name}.py"))["DOCUMENTATION"]
    options = yaml.safe_load(text).get("options") or {}
    lists = [option for option in options if re.search("_(id|name)s$", option)]
    assert {option: options[option].get("aliases") for option in lists} == {option: [option[:-1]] for option in lists}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_at_most_100_lines_of_code(name: str) -> None:
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
    code = text.split('"""')[-1] if text.count('"""') == 6 else text[text.index("from ansible_collections") :]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 100


def records_in(documented: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the documented fields of each record in the results, without samples."""
    for result in documented.values():
        contains = result.get("contains", {})
        if "record_id" in contains and "record_type" in contains:
            yield {key: {**value, "sample": None} for key, value in contains.items()}
        else:
            yield from records_in(contains)


def test_records_are_documented_identically_in_all_modules() -> None:
    found = []
    for name in MODULES:
        text = runpy.run_path(str(ROOT / "plugins" / "modules" / f"{name}.py"))["RETURN"]
        found += [(name, record) for record in records_in(yaml.safe_load(text))]
    assert len(found) >= 4
    keys = set(record_detail({}))
    for name, record in found:
        # Records in lists have additional fields.
        assert {key: record[key] for key in keys} == {key: found[0][1][key] for key in keys}, name


def test_every_guide_is_listed_and_every_listed_guide_exists() -> None:
    sections = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text())["sections"]
    listed = sorted(guide for section in sections for guide in section["toctree"])
    assert listed == sorted(path.stem for path in (ROOT / "docs" / "docsite" / "rst").glob("*.rst"))


def test_the_documented_permissions_match_the_api_calls() -> None:
    api = (ROOT / "plugins" / "module_utils" / "_servicecatalog" / "api.py").read_text()
    snake = {xform_name(name): name for name in Session().get_service_model("servicecatalog").operation_names}
    called = {snake[call] for call in re.findall(r"client\.(\w+)", api) if call in snake}
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_user.rst").read_text()
    assert set(re.findall(r"servicecatalog:([A-Z]\w+)", guide)) == called
    readme = (ROOT / "README.md").read_text()
    policy = json.loads(readme.split("```json")[1].split("```")[0])
    allowed = {action.split(":")[1] for action in policy["Statement"][0]["Action"]}
    # The README mentions this permission only in its text, because only administrators need it.
    assert allowed == called - {"DescribeServiceAction"}
    assert "servicecatalog:DescribeServiceAction`" in readme


def test_the_messages_in_the_awx_guide_are_those_of_the_code() -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_awx.rst").read_text(encoding="utf-8")
    shown = re.findall(r"^   \* - .*?``(.*?)``", guide[guide.index("\nWhat can go wrong\n") :], re.MULTILINE)
    # Messages of Ansible, botocore and AWX.
    others = (
        "Unable to ",
        "Failed to import",
        "You must specify",
        "AccessDenied",
        "Playbook not",
        "Skipping",
        "Specified inventory",
        "returned",
    )
    ours = [message for message in shown if not message.startswith(others)]
    assert len(ours) >= 6
    files = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "playbooks").rglob("*.yml")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    # Strings that are continued on the next line, and what is filled in.
    code = re.sub(r"\{+[^{}]*\}+", "…", re.sub(r"\"\s*\n\s*f?\"", "", code))
    words = " ".join(code.split())
    assert [message for message in ours if message.rstrip("…") not in words] == []


def test_the_files_that_the_readme_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_workflows_run_existing_make_targets(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = workflow.read_text()
    listed = re.findall(r"target: \[(.*)\]", text)
    used = {*re.findall(r"\bmake ([\w-]+)", text), *", ".join(listed).split(", ")} - {""}
    assert used
    assert used <= targets


def test_supported_versions_are_the_same_everywhere() -> None:
    tables = dict(re.findall(r"^(CORES|AMAZON) = (.*)$", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    cores, amazon = (sorted(ast.literal_eval(tables[name])) for name in ("CORES", "AMAZON"))
    core_range = f">=2.{cores[0]}.0,<2.{cores[-1] + 1}"
    amazon_range = f">={amazon[0]}.0.0,<{amazon[-1] + 1}.0.0"
    environment = yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]
    assert yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"] == core_range
    assert environment["ansible_core"]["package_pip"] == f"ansible-core{core_range}"
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"] == {"amazon.aws": amazon_range}
    wanted = {"name": "amazon.aws", "version": amazon_range}
    assert yaml.safe_load((ROOT / "requirements.yml").read_text())["collections"] == [wanted]
    assert wanted in environment["galaxy"]["collections"]
    role = yaml.safe_load((ROOT / "roles" / "run_service_action" / "meta" / "main.yml").read_text())
    assert role["galaxy_info"]["min_ansible_version"] == f"2.{cores[0]}"
    weekly = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    assert re.findall(r"make matrix ARGS=2\.(\d+)", weekly) == [str(core) for core in cores]
    for page in ("README.md", "docs/docsite/rst/guide_versions.rst"):
        text = " ".join((ROOT / page).read_text().split())
        assert f"ansible-core 2.{cores[0]} to 2.{cores[-1]}, " in text
        assert re.search(rf"amazon\.aws\S* {amazon[0]} to {amazon[-1]}\b", text.replace("/amazon/aws/)", "amazon.aws"))


def test_the_inventory_documents_all_its_options() -> None:
    name = "servicecatalog_provisioned_products"
    plugin = importlib.import_module(f"ansible_collections.selfservice.aws.plugins.inventory.{name}")
    documented = yaml.safe_load(plugin.DOCUMENTATION)
    assert documented["name"] == name
    assert documented["options"]["plugin"]["choices"] == [plugin.InventoryModule.NAME]
    descriptions = {option: " ".join(text["description"]) for option, text in documented["options"].items()}
    assert not [each for each in hosts.ATTRIBUTES if f"V({each})" not in descriptions["hostnames"]]
    assert not [each for each in source.STATUSES if f"V({each})" not in descriptions["statuses"]]
    used = set(re.findall(r"get_option\(\"(\w+)\"\)", inspect.getsource(plugin)))
    of_fragments = {"access_level", "endpoint_url", "assume_role_arn", "access_key", "profile", "strict", "groups"}
    assert used - of_fragments <= set(documented["options"])
    assert set(documented["options"]) - {"plugin"} <= used


def test_ansible_masks_nothing_that_the_demo_shows() -> None:
    """ansible-core 2.22 and later mask the secret key in all output, so it must not be a word that a playbook shows."""
    secret = ENVIRONMENT["AWS_SECRET_ACCESS_KEY"]
    shown = [ROOT / "playbooks/demo.yml", *(ROOT / "tests/emulator/worlds").glob("*.yml")]
    assert not [file.name for file in shown if secret in file.read_text(encoding="utf-8")]
