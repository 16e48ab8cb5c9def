# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get amazon.aws: from Galaxy, or out of PyPI's ansible where Galaxy can't be reached."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

from console import Failed, run, say

FOLDER = Path("ansible_collections/amazon/aws")
# The newest major version of PyPI's ansible that has this major version of amazon.aws.
ANSIBLE = {9: 11, 10: 13, 11: 14}
GALAXY_SECONDS = 30


def fetch_amazon(major: int, tree: Path, *, venv: Path) -> None:
    """Put the newest amazon.aws of a major version into a collections tree; venv has ansible-core and pip."""
    if (tree / FOLDER).is_dir():
        return
    tree.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree) as folder:
        unpacked = Path(folder)
        source = "Galaxy"
        try:
            _from_galaxy(major, unpacked, venv)
        except Failed:
            source = f"PyPI's ansible {ANSIBLE[major]}, since Galaxy did not answer"
            _from_pypi(major, unpacked, venv)
        version = _version(unpacked)
        if version.partition(".")[0] != str(major):
            raise Failed(f"{source} has amazon.aws {version}, wanted {major}")
        (tree / FOLDER).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / FOLDER).rename(tree / FOLDER)
    say(f"  amazon.aws {version} from {source}")


def oldest_boto3(tree: Path) -> list[str]:
    """Return the oldest boto3 and botocore that a tree's amazon.aws allows, as requirements."""
    lines = (tree / FOLDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace(">=", "==") for line in lines if line.startswith(("boto3>=", "botocore>="))]


def _from_galaxy(major: int, unpacked: Path, venv: Path) -> None:
    wanted = f"amazon.aws:>={major}.0.0,<{major + 1}.0.0"
    options = ["--no-deps", "--timeout", "10", "-p", str(unpacked)]
    run(venv / "bin/ansible-galaxy", "collection", "install", wanted, *options, timeout=GALAXY_SECONDS)


def _from_pypi(major: int, unpacked: Path, venv: Path) -> None:
    # The wheel's own Python does not matter, only files are taken from it.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest", str(unpacked)]
    run(venv / "bin/python", "-m", "pip", "download", *options, f"ansible~={ANSIBLE[major]}.0")
    with zipfile.ZipFile(next(unpacked.glob("ansible-*.whl"))) as wheel:
        wheel.extractall(unpacked, [name for name in wheel.namelist() if name.startswith(f"{FOLDER.as_posix()}/")])


def _version(tree: Path) -> str:
    manifest = json.loads((tree / FOLDER / "MANIFEST.json").read_text(encoding="utf-8"))
    return str(manifest["collection_info"]["version"])
