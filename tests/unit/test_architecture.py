# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of the code, and the rules that only reading it can hold."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

ROOT = Path(__file__).parents[2]
# Each imports only from those above it.
LAYERS = (
    {"_clock", "_types"},
    {"_errors"},
    {"_results", "_options"},
    {"_progress"},
    {"_api"},
    {"_records", "_parameters", "_resolve", "_history"},
    {"_following"},
    {"_waiting", "_plan"},
    {"_execution"},
    {"_fleet", "_targets"},
    {"_bulk_loop"},
    {"_bulk"},
    {"_module"},
)
# What a controller-side unit may use of the modules' layers: nothing that is about running a task.
CONTROLLER = {"_errors", "_types", "_clock", "_results", "_progress", "_api"}
UNITS = sorted((ROOT / "plugins" / "module_utils").glob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py"))
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
OPERATIONS = {xform_name(name) for name in Session().get_service_model("servicecatalog").operation_names}
FOLDERS = (".ci", "plugins", "tests/awx", "tests/benchmarks", "tests/emulator", "tests/faults")
SIZED = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
STAND_INS = sorted(path for name in ("awx", "emulator") for path in (ROOT / "tests" / name).glob("*.py"))


def imported(file: Path) -> Iterator[str]:
    """Yield the full names of what a file imports, wherever in it; those beside it start with a dot."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" if module.strip(".") else f".{alias.name}" for alias in node.names)


def names_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_unit_has_its_layer() -> None:
    assert {path.stem for path in UNITS} == set().union(*LAYERS)


@pytest.mark.parametrize("layer", range(len(LAYERS)))
def test_a_layer_imports_only_from_those_below_it(layer: int) -> None:
    below: set[str] = set().union(*LAYERS[:layer])
    for name in LAYERS[layer]:
        file = ROOT / "plugins" / "module_utils" / f"{name}.py"
        used = {found.split(".")[1] for found in imported(file) if found.startswith(".")}
        assert used <= below, f"{name} imports {used - below}"


def test_the_controllers_units_stand_on_the_lower_layers() -> None:
    controller = [
        file for kind in ("plugin_utils", "inventory", "callback") for file in (ROOT / "plugins" / kind).glob("*.py")
    ]
    allowed = {f"plugins.module_utils.{name}" for name in CONTROLLER}
    allowed |= {f"plugins.plugin_utils.{file.stem}" for file in controller}
    for file in controller:
        ours = [name.partition("selfservice.aws.")[2] for name in imported(file) if "selfservice.aws." in name]
        assert not [name for name in ours if ".".join(name.split(".")[:3]) not in allowed]
    for file in [*UNITS, *(ROOT / "plugins" / "modules").glob("*.py")]:
        assert not [name for name in imported(file) if "plugin_utils" in name]


def test_the_callback_does_not_load_botocore() -> None:
    """Loading it took more CPU than the bound on the callback's cost allows for the whole run."""
    callback = "ansible_collections.selfservice.aws.plugins.callback.progress"
    code = f"import sys, {callback}; sys.exit('botocore' in sys.modules)"
    tree = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": tree})


@pytest.mark.parametrize("file", PLUGINS, ids=names_of)
def test_only_the_clock_sleeps_and_only_module_leaves(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert not called & {"exit_json", "fail_json", "fail_json_aws"} or file.stem == "_module"
    assert "time" not in set(imported(file)) or file.stem == "_clock"


@pytest.mark.parametrize("file", MODULES, ids=names_of)
def test_a_module_imports_units_and_little_else(file: Path) -> None:
    ours = "ansible_collections.selfservice.aws.plugins.module_utils."
    amazons = "ansible_collections.amazon.aws.plugins.module_utils.modules.AnsibleAWSModule"
    others = {found for found in imported(file) if not found.startswith(ours)} - {amazons}
    assert {found.split(".")[0] for found in others} <= sys.stdlib_module_names


@pytest.mark.parametrize("file", PLUGINS, ids=names_of)
def test_only_api_calls_the_service(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in OPERATIONS:
            is_ours = isinstance(node.value, ast.Name) and node.value.id == "_api"
            assert is_ours or file.stem == "_api", f"line {node.lineno}: {node.attr}"


@pytest.mark.parametrize("file", PLUGINS, ids=names_of)
def test_nothing_catches_everything(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert not {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)} & {
                "Exception",
                "BaseException",
            }


@pytest.mark.parametrize("file", STAND_INS, ids=names_of)
def test_a_stand_in_never_imports_the_plugins(file: Path) -> None:
    assert not [found for found in imported(file) if found.startswith("ansible")]


def is_documentation(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id in {"DOCUMENTATION", "EXAMPLES", "RETURN"} for target in node.targets
    )


def lines_of(node: Any) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("file", SIZED, ids=names_of)
def test_files_have_at_most_250_lines_and_functions_40(file: Path) -> None:
    """Documentation blocks of plugins do not count."""
    text = file.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    assert len(text.splitlines()) - sum(map(lines_of, filter(is_documentation, nodes))) <= 250
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    assert [node.name for node in functions if lines_of(node) > 40] == []
