# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the architecture, checked by reading the source."""

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
PLUGIN_FOLDER = ROOT / "plugins"
# Packages and files of plugins/module_utils by layer. Each imports only from itself and from earlier layers.
LAYERS = (
    {"_clock", "_exceptions", "_threads"},
    {"_secrets"},
    {"_servicecatalog"},
    {"_budget", "_progress"},
    {"_action", "_arguments", "_wait"},
    {"_bulk", "_probe"},
    {"_module"},
)
# The packages that controller code may import. They don't include those that run tasks.
CONTROLLER = {"_budget", "_clock", "_exceptions", "_progress", "_secrets", "_servicecatalog"}
UNITS = sorted((PLUGIN_FOLDER / "module_utils").rglob("*.py"))
PLUGINS = sorted(PLUGIN_FOLDER.rglob("*.py"))
MODULES = sorted((PLUGIN_FOLDER / "modules").glob("*.py"))
OPERATIONS = {xform_name(name) for name in Session().get_service_model("servicecatalog").operation_names}
FOLDERS = (".ci", "plugins", "tests/awx", "tests/benchmarks", "tests/emulator", "tests/faults")
SIZED = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
API = "plugins/module_utils/_servicecatalog/api.py"
# Deprecated by ansible-core, or to be deprecated by 2.25. Imports that only old releases need are inside functions.
DEPRECATED = (
    "ansible.compat",
    "ansible.module_utils._text",
    "ansible.module_utils.common._collections_compat",
    "ansible.module_utils.common.json",
    "ansible.module_utils.common.parameters.remove_values",
    "ansible.module_utils.common.parameters.sanitize_keys",
    "ansible.module_utils.common.text.converters.jsonify",
    "ansible.module_utils.six",
    "ansible.parsing.ajson",
    "ansible.parsing.utils.jsonify",
    "ansible.parsing.yaml.objects",
    "ansible.utils.listify",
    "ansible.utils.unsafe_proxy",
)
STAND_INS = sorted(path for name in ("awx", "emulator") for path in (ROOT / "tests" / name).glob("*.py"))


def imported(file: Path) -> Iterator[str]:
    """Yield the full names of all top-level and nested imports of a file; relative names start with a dot."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" if module.strip(".") else f".{alias.name}" for alias in node.names)


def names_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def package_of(unit: Path) -> str:
    """Return the name of the package or file of module_utils to which a unit belongs."""
    return unit.relative_to(PLUGIN_FOLDER / "module_utils").parts[0].removesuffix(".py")


def imported_packages(unit: Path) -> Iterator[str]:
    """Yield the packages of module_utils that a unit imports from with relative imports."""
    for found in imported(unit):
        dots = len(found) - len(found.lstrip("."))
        if dots:
            folder = unit.parents[dots - 1]
            yield package_of(folder / found.lstrip(".").split(".")[0])


def test_every_unit_belongs_to_a_layer() -> None:
    assert {package_of(unit) for unit in UNITS} == set().union(*LAYERS)


@pytest.mark.parametrize("unit", UNITS, ids=names_of)
def test_a_unit_imports_only_from_its_package_and_lower_layers(unit: Path) -> None:
    package = package_of(unit)
    lower = set().union(*LAYERS[: next(number for number, layer in enumerate(LAYERS) if package in layer)])
    assert set(imported_packages(unit)) <= lower | {package}
    # This test can't see absolute imports, so they are forbidden.
    assert not [found for found in imported(unit) if "selfservice" in found]


def test_init_files_are_empty() -> None:
    packages = sorted(PLUGIN_FOLDER.rglob("__init__.py"))
    assert packages
    assert [path for path in packages if path.read_text(encoding="utf-8")] == []


def test_controller_code_does_not_import_code_that_runs_tasks() -> None:
    kinds = ("plugin_utils", "inventory", "callback")
    controller = [file for kind in kinds for file in (PLUGIN_FOLDER / kind).rglob("*.py")]
    for file in controller:
        names = [found.partition("module_utils.")[2] for found in imported(file) if "module_utils." in found]
        ours = [name for name in names if name.startswith("_")]
        assert {name.split(".")[0] for name in ours} <= CONTROLLER, file
    for file in [*UNITS, *MODULES]:
        assert not [name for name in imported(file) if "plugin_utils" in name]


def test_the_callback_does_not_load_botocore() -> None:
    """Loading botocore alone would exceed the benchmark's CPU limit for the callback."""
    callback = "ansible_collections.selfservice.aws.plugins.callback.progress"
    code = f"import sys, {callback}; sys.exit('botocore' in sys.modules)"
    tree = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": tree})


@pytest.mark.parametrize("file", PLUGINS, ids=names_of)
def test_only_the_clock_sleeps_and_only_the_module_boundary_exits(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert not called & {"exit_json", "fail_json", "fail_json_aws"} or file.stem == "_module"
    assert "time" not in set(imported(file)) or file.stem == "_clock"


@pytest.mark.parametrize("file", [file for file in PLUGINS if file.stem != "_templating"], ids=names_of)
def test_nothing_deprecated_is_imported(file: Path) -> None:
    assert not [found for found in imported(file) if found.startswith(DEPRECATED)]


@pytest.mark.parametrize("file", MODULES, ids=names_of)
def test_a_module_imports_only_module_utils_and_the_standard_library(file: Path) -> None:
    ours = "ansible_collections.selfservice.aws.plugins.module_utils."
    amazons = "ansible_collections.amazon.aws.plugins.module_utils.modules.AnsibleAWSModule"
    others = {found for found in imported(file) if not found.startswith(ours)} - {amazons}
    assert {found.split(".")[0] for found in others} <= sys.stdlib_module_names


@pytest.mark.parametrize("file", PLUGINS, ids=names_of)
def test_only_the_api_calls_the_service(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in OPERATIONS and names_of(file) != API:
            owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
            assert owner in {"service", "_service"}, f"line {node.lineno}: {node.attr}"


@pytest.mark.parametrize("file", PLUGINS, ids=names_of)
def test_only_the_module_boundary_catches_all_exceptions(file: Path) -> None:
    caught: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            caught += [each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)]
    # A thread passes any exception on to the caller that reads its result.
    allowed = {"_module": ["Exception"], "_threads": ["BaseException"]}
    assert [name for name in caught if name in {"Exception", "BaseException"}] == allowed.get(file.stem, [])


@pytest.mark.parametrize("file", STAND_INS, ids=names_of)
def test_stand_ins_do_not_import_the_plugins(file: Path) -> None:
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
