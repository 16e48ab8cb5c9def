# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs what nox can't: collections, from Galaxy or else from PyPI, and the get-pip.py of ansible-test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection
from pathlib import Path

from build_tree import BUILD, CHECKOUT, link, lock
from packaging.specifiers import SpecifierSet

# For each major version of amazon.aws, the newest major version of PyPI's ansible that has it; the same for awx.awx.
AMAZON_IN_ANSIBLE = {9: 11, 10: 13, 11: 14, 12: 15}
AWX, AWX_IN_ANSIBLE = "24.6.1", 13
GALAXY_SECONDS = 30
# Asks ansible-test for the versions of pip that it installs for these versions of Python.
ASK = """
import sys, types
from ansible_test._internal.python_requirements import get_venv_packages
print(*{get_venv_packages(types.SimpleNamespace(version=name))["pip"] for name in sys.argv[1:]})
"""
GET_PIP = """\
# A stand-in for get-pip.py, made by the checks of selfservice.aws: it runs the pip in the folder beside it.
import runpy
import sys

# Compiled once for each Python, not each time.
sys.dont_write_bytecode = False
sys.path.insert(0, {folder!r})
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.argv[1:] = ["install", "--ignore-installed", *words]
runpy.run_module("pip", run_name="__main__")
"""


def collections_tree(amazon: int) -> Path:
    """Return a tree with a major version of amazon.aws, awx.awx, an empty ansible.cfg, and a link to this checkout."""
    tree = BUILD / "collections" / f"amazon{amazon}"
    with lock("collections"):
        _fetch("amazon.aws", f">={amazon}.0.0,<{amazon + 1}.0.0", AMAZON_IN_ANSIBLE[amazon], tree)
        _fetch("awx.awx", f"=={AWX}", AWX_IN_ANSIBLE, tree)
        link(tree / "ansible_collections/selfservice/aws", CHECKOUT)
        (tree / "ansible.cfg").touch()
    return tree


def oldest_boto3(tree: Path) -> list[str]:
    """Return the oldest boto3 and botocore that a tree's amazon.aws allows, as requirements."""
    text = (tree / "ansible_collections/amazon/aws/requirements.txt").read_text(encoding="utf-8")
    return [f"{name}=={version}" for name, version in re.findall(r"^(boto3|botocore)>=(\S+)", text, re.MULTILINE)]


def _fetch(name: str, versions: str, ansible: int, tree: Path) -> None:
    """Put a collection into a tree, unless it is there: from Galaxy, or from a major version of PyPI's ansible."""
    folder = Path("ansible_collections", *name.split("."))
    if (tree / folder).is_dir():
        return
    tree.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree) as temporary:
        unpacked = Path(temporary)
        try:
            _from_galaxy(f"{name}:{versions}", unpacked)
        except subprocess.SubprocessError:
            _from_pypi(ansible, folder, unpacked)
        manifest = json.loads((unpacked / folder / "MANIFEST.json").read_text(encoding="utf-8"))
        version = manifest["collection_info"]["version"]
        if version not in SpecifierSet(versions):
            raise SystemExit(f"PyPI's ansible {ansible} has {name} {version}, wanted {versions}")
        print(f"{name} {version}", flush=True)
        (tree / folder).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / folder).rename(tree / folder)


def _from_galaxy(wanted: str, unpacked: Path) -> None:
    uv = [sys.executable, "-m", "uv", "tool", "run", "--quiet", "--python", sys.executable, "--from", "ansible-core"]
    galaxy = ["ansible-galaxy", "collection", "install", wanted, "--no-deps", "--timeout", "10", "-p", str(unpacked)]
    subprocess.run([*uv, *galaxy], check=True, capture_output=True, timeout=GALAXY_SECONDS)


def _from_pypi(ansible: int, folder: Path, unpacked: Path) -> None:
    # The wheel's required Python does not matter, since only files are extracted from it.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest", str(unpacked)]
    _pip("download", "--pre", *options, f"ansible=={ansible}.*")
    with zipfile.ZipFile(next(unpacked.glob("ansible-*.whl"))) as wheel:
        wheel.extractall(unpacked, [name for name in wheel.namelist() if name.startswith(f"{folder.as_posix()}/")])


def provide_get_pip(home: Path, python: Path, names: Collection[str]) -> None:
    """Put get-pip.py for these versions of Python (``3.12``) into ansible-test's cache, so that it downloads none."""
    asked = subprocess.run([python, "-c", ASK, *names], check=True, capture_output=True, text=True).stdout
    for version in asked.split():
        script = home / ".ansible/test/cache" / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            folder = script.with_name(f"pip-{version}")
            options = ["--no-deps", "--no-compile", "--ignore-requires-python", "--target", str(folder)]
            _pip("install", *options, f"pip=={version}")
            script.write_text(GET_PIP.format(folder=str(folder)), encoding="utf-8")


def _pip(*words: str) -> None:
    """Run the pip of nox's own environment: those that uv makes have none, and uv can't download wheels."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], check=True)
