# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection, installed next to amazon.aws from its tarball and from a checkout, offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COLLECTION = "ansible_collections/selfservice/aws"


def run_command(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that must succeed, and return its output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, cwd=cwd, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def amazon_environment(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a user who has amazon.aws and no other collection."""
    (tmp_path / "installed/ansible_collections").mkdir(parents=True)
    amazon = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/amazon"
    (tmp_path / "installed/ansible_collections/amazon").symlink_to(amazon)
    return {**environment, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "installed")}


@pytest.fixture
def tarball(tmp_path: Path, amazon_environment: dict[str, str]) -> Path:
    """The collection's tarball, built from the checkout with any untracked files in it."""
    galaxy = [BIN / "ansible-galaxy", "collection", "build", "--output-path", tmp_path]
    run_command(*galaxy, cwd=ROOT, env=amazon_environment)
    return next(tmp_path.glob("*.tar.gz"))


@pytest.fixture
def installed(tmp_path: Path, tarball: Path, amazon_environment: dict[str, str]) -> Path:
    """The folder of the collection, installed offline from its tarball."""
    options = ["--offline", "--no-deps", "-p", tmp_path / "installed"]
    run_command(
        BIN / "ansible-galaxy", "collection", "install", *options, tarball, cwd=tmp_path, env=amazon_environment
    )
    return tmp_path / "installed" / COLLECTION


@pytest.fixture
def emulator_url(installed: Path, amazon_environment: dict[str, str]) -> Iterator[str]:
    """The emulator as the guide starts it, from the installed collection."""
    env = {**amazon_environment, "PYTHONPATH": "tests"}
    command = [sys.executable, "-m", "emulator", "--speed", "20"]
    with subprocess.Popen(command, cwd=installed, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def test_the_tarball_has_the_tracked_files_except_build_ignore(tarball: Path) -> None:
    """Fails on untracked files in the checkout that `build_ignore` in galaxy.yml does not exclude."""
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    tracked = [Path(name) for name in run_command("git", "ls-files", cwd=ROOT).splitlines()]
    for_users = {
        str(path)
        for path in tracked
        if not any(fnmatch(str(part), pattern) for part in (path, *path.parents) for pattern in ignored)
    }
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive.getmembers() if member.isfile()}
    assert packed - {"FILES.json", "MANIFEST.json"} == for_users - {"galaxy.yml"}


def test_the_tarball_works_where_it_is_installed(
    installed: Path, emulator_url: str, amazon_environment: dict[str, str], tmp_path: Path
) -> None:
    env = {**amazon_environment, "AWS_ENDPOINT_URL": emulator_url}
    shown = json.loads(run_command(BIN / "ansible-doc", "--json", "-l", "selfservice.aws", cwd=tmp_path, env=env))
    assert sorted(shown) == [f"selfservice.aws.{path.stem}" for path in sorted(ROOT.glob("plugins/modules/*.py"))]
    interpreter = ["-e", f"ansible_python_interpreter={os.environ.get('SELFSERVICE_MODULE_PYTHON', sys.executable)}"]
    module = "selfservice.aws.servicecatalog_service_action"
    arguments = "provisioned_product_name=orders-db service_action_name=Restart wait=true"
    ran = run_command(BIN / "ansible", "localhost", "-m", module, "-a", arguments, *interpreter, cwd=tmp_path, env=env)
    assert "SUCCEEDED" in ran
    product = ["-e", "provisioned_product_name=orders-db"]
    playbook = "selfservice.aws.list_service_actions"
    ran = run_command(BIN / "ansible-playbook", playbook, *product, *interpreter, cwd=tmp_path, env=env)
    assert "act-restart000001" in ran
    assert not (installed / "tests" / "unit").exists()


def test_the_checkout_installs_as_the_readme_says(tmp_path: Path, amazon_environment: dict[str, str]) -> None:
    assert "$ ansible-galaxy collection install git+file://$PWD\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    # Offline, since amazon.aws is already installed here and the tests use no network.
    command = [BIN / "ansible-galaxy", "collection", "install", "--offline", "-p", tmp_path / "installed"]
    run_command(*command, f"git+file://{ROOT}", cwd=tmp_path, env=amazon_environment)
    assert (tmp_path / "installed" / COLLECTION / "MANIFEST.json").exists()
