# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment, built by ansible-builder, and the collection's Python requirements."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# Only amazon.aws imports it, to make our clients.
INDIRECT = {"boto3"}
MODULES = {"modules", "module_utils"}
# ansible-core requires it, so it is installed wherever controller plugins run.
ANSIBLE_CORE = {"yaml"}


def run_command(*command: str, cwd: Path) -> str:
    """Run a command line and return what it printed."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_LOCAL_TEMP": str(cwd / "tmp"), "ANSIBLE_NOCOLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def requirements_of(name: str) -> list[str]:
    """Return the lines of a requirements file without comments."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def imported(*, by_modules: bool) -> Iterator[str]:
    """Yield the top-level packages that modules import, or those that controller plugins import."""
    for file in (ROOT / "plugins").rglob("*.py"):
        if (file.parent.name in MODULES) is not by_modules:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield str(node.module).partition(".")[0]


def test_the_example_creates_a_build_context(tmp_path: Path) -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    archive = f"selfservice-aws-{version}.tar.gz"
    (tmp_path / archive).write_bytes(b"")
    (tmp_path / "execution-environment.yml").write_text((ROOT / "execution-environment.yml").read_text())
    run_command("ansible-builder", "create", "--output-filename", "Containerfile", cwd=tmp_path)
    context = tmp_path / "context"
    assert (context / "_build" / "dist" / archive).exists()
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    assert f"dist/{archive}" in [each["name"] for each in wanted]
    amazon = yaml.safe_load((ROOT / "requirements.yml").read_text(encoding="utf-8"))["collections"][0]
    assert amazon in wanted
    written = (context / "Containerfile").read_text()
    assert "ansible-galaxy collection install $ANSIBLE_GALAXY_CLI_COLLECTION_OPTS -r requirements.yml" in written
    assert "introspect" in written


def test_an_execution_environment_gets_the_requirements_of_the_collection(tmp_path: Path) -> None:
    written = [tmp_path / name for name in ("python.txt", "system.txt")]
    options = [f"--write-pip={written[0]}", f"--write-bindep={written[1]}"]
    run_command("ansible-builder", "introspect", os.environ["ANSIBLE_COLLECTIONS_PATH"], *options, cwd=tmp_path)
    for file, source in zip(written, ("requirements.txt", "bindep.txt")):
        ours = {line.split("#")[0].strip() for line in file.read_text().splitlines() if "selfservice.aws" in line}
        assert ours == set(requirements_of(source)), file.read_text()


def test_the_python_requirements_are_the_imported_packages() -> None:
    provided = {*sys.stdlib_module_names, "ansible", "ansible_collections"}
    required = {re.split(r"[<>=~! \[;]", line)[0] for line in requirements_of("requirements.txt")}
    used = set(imported(by_modules=True)) | set(imported(by_modules=False)) - ANSIBLE_CORE
    used -= provided
    assert used <= required, f"imported and not required: {used - required}"
    assert required - used <= INDIRECT, f"required and not imported: {required - used - INDIRECT}"
