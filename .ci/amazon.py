# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get amazon.aws and awx.awx: from Galaxy, or out of PyPI's ansible where Galaxy can't be reached."""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from console import Failed, run, say


@dataclass(frozen=True)
class Collection:
    """A collection that others publish, the versions of it that are wanted, and the PyPI's ansible that has one."""

    name: str
    oldest: str
    below: str
    ansible: int

    @property
    def folder(self) -> Path:
        """Its folder in a collections tree."""
        return Path("ansible_collections", *self.name.split("."))


# The newest major version of PyPI's ansible that has this major version of amazon.aws.
ANSIBLE = {9: 11, 10: 13, 11: 14}
AWX = Collection("awx.awx", "24.6.1", "24.6.2", ansible=13)
GALAXY_SECONDS = 30


def fetch_amazon(major: int, tree: Path, *, venv: Path) -> None:
    """Put the newest amazon.aws of a major version into a collections tree; venv has ansible-core and pip."""
    fetch(Collection("amazon.aws", f"{major}.0.0", f"{major + 1}.0.0", ANSIBLE[major]), tree, venv=venv)


def fetch(wanted: Collection, tree: Path, *, venv: Path) -> None:
    """Put a collection into a collections tree, if it is not there; venv has ansible-core and pip."""
    if (tree / wanted.folder).is_dir():
        return
    tree.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree) as folder:
        unpacked = Path(folder)
        source = "Galaxy"
        try:
            _from_galaxy(wanted, unpacked, venv)
        except Failed:
            source = f"PyPI's ansible {wanted.ansible}, since Galaxy did not answer"
            _from_pypi(wanted, unpacked, venv)
        version = _version(unpacked / wanted.folder)
        if not _key(wanted.oldest) <= _key(version) < _key(wanted.below):
            raise Failed(
                f"{source} has {wanted.name} {version}, wanted {wanted.oldest} or newer, before {wanted.below}"
            )
        (tree / wanted.folder).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / wanted.folder).rename(tree / wanted.folder)
    say(f"  {wanted.name} {version} from {source}")


def oldest_boto3(tree: Path) -> list[str]:
    """Return the oldest boto3 and botocore that a tree's amazon.aws allows, as requirements."""
    lines = (tree / "ansible_collections/amazon/aws/requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace(">=", "==") for line in lines if line.startswith(("boto3>=", "botocore>="))]


def _from_galaxy(wanted: Collection, unpacked: Path, venv: Path) -> None:
    options = ["--no-deps", "--timeout", "10", "-p", str(unpacked)]
    name = f"{wanted.name}:>={wanted.oldest},<{wanted.below}"
    run(venv / "bin/ansible-galaxy", "collection", "install", name, *options, timeout=GALAXY_SECONDS)


def _from_pypi(wanted: Collection, unpacked: Path, venv: Path) -> None:
    # The wheel's own Python does not matter, only files are taken from it.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest", str(unpacked)]
    run(venv / "bin/python", "-m", "pip", "download", *options, f"ansible~={wanted.ansible}.0")
    folder = f"{wanted.folder.as_posix()}/"
    with zipfile.ZipFile(next(unpacked.glob("ansible-*.whl"))) as wheel:
        wheel.extractall(unpacked, [name for name in wheel.namelist() if name.startswith(folder)])


def _version(folder: Path) -> str:
    manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
    return str(manifest["collection_info"]["version"])


def _key(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
