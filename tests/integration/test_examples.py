# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every EXAMPLE of every module and filter, and those of the role, run against the emulator."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(
    f"{kind}.{path.stem}" for kind in ("filter", "modules") for path in (ROOT / "plugins" / kind).glob("*.py")
)
# The variables of the examples: a password, and the artifacts of a slice of an AWX job.
GIVEN = {"new_password": "n3w-Passw0rd", "run_service_action_4711_failed_hosts": ["web-1"]}


@pytest.mark.parametrize("name", PLUGINS)
def test_the_examples_of_a_plugin_run(play: Callable[..., Any], name: str) -> None:
    plugin = importlib.import_module(f"ansible_collections.selfservice.aws.plugins.{name}")
    done = play(plugin.EXAMPLES, "-e", json.dumps(GIVEN))
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output


def test_the_examples_of_the_role_run(run: Callable[..., Any], tmp_path: Path) -> None:
    text = (ROOT / "roles/run_service_action/meta/argument_specs.yml").read_text(encoding="utf-8")
    (tmp_path / "examples.yml").write_text(yaml.safe_load(text)["argument_specs"]["main"]["examples"], encoding="utf-8")
    products = {name: {"provisioned_product_name": name} for name in ("orders-db", "billing-db")}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"env_prod": {"hosts": products}}), encoding="utf-8")
    done = run("ansible-playbook", "-i", "hosts.yml", "examples.yml")
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output
