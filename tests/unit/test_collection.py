# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in two places agrees: fragments and argument specs, modules and the action group."""

from __future__ import annotations

import importlib
import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfservice.aws.plugins.module_utils import _options
from ansible_collections.selfservice.aws.plugins.plugin_utils import _inventory

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
FRAGMENTS = sorted(path.stem for path in (ROOT / "plugins" / "doc_fragments").glob("*.py") if path.stem != "attributes")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_and_its_argument_spec_agree(name: str) -> None:
    fragment = runpy.run_path(str(ROOT / "plugins" / "doc_fragments" / f"{name}.py"))["ModuleDocFragment"]
    documented = yaml.safe_load(fragment.DOCUMENTATION)["options"]
    for option in documented.values():
        assert option.pop("description")
    specified: dict[str, Any] = getattr(_options, name)()
    assert documented == {
        option: {key: value for key, value in spec.items() if key != "no_log"} for option, spec in specified.items()
    }


def test_the_action_group_has_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert sorted(runtime["action_groups"]["aws"]) == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_at_most_100_lines_of_code(name: str) -> None:
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
    code = text.split('"""')[-1] if text.count('"""') == 6 else text[text.index("from ansible_collections") :]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 100


def test_the_inventory_documents_all_that_it_takes() -> None:
    name = "servicecatalog_provisioned_products"
    plugin = importlib.import_module(f"ansible_collections.selfservice.aws.plugins.inventory.{name}")
    documented = yaml.safe_load(plugin.DOCUMENTATION)
    assert documented["name"] == name
    assert documented["options"]["plugin"]["choices"] == [plugin.InventoryModule.NAME]
    said = {option: " ".join(text["description"]) for option, text in documented["options"].items()}
    assert not [each for each in _inventory.ATTRIBUTES if f"V({each})" not in said["hostnames"]]
    assert not [each for each in _inventory.STATUSES if f"V({each})" not in said["statuses"]]
    used = set(re.findall(r"get_option\(\"(\w+)\"\)", inspect.getsource(plugin)))
    of_fragments = {"endpoint_url", "assume_role_arn", "access_key", "profile", "strict", "groups"}
    assert used - of_fragments <= set(documented["options"])
    assert set(documented["options"]) - {"plugin"} <= used
