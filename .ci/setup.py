# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The build tree: virtual environments and collections trees, outside the repository.

See docs/adr/0001-build-tree.md for its layout. Everything here does nothing when it is done already, and may be
interrupted: what is unfinished has no stamp and is made again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amazon import AWX, fetch, fetch_amazon, oldest_boto3
from console import run, say
from matrix import Combination
from pythons import Python

CHECKOUT = Path(__file__).resolve().parent.parent
PARTS = ("caches", "collections", "locks", "pythons", "sanity", "venvs")


@dataclass(frozen=True)
class Workshop:
    """A virtual environment and a collections tree with this collection and those that it or its checks need."""

    combination: Combination
    venv: Path
    tree: Path

    def tool(self, name: str) -> str:
        """Return the path of a command of the virtual environment."""
        return str(self.venv / "bin" / name)

    @property
    def settings(self) -> dict[str, str]:
        """The variables that its commands need, and those that keep them away from any real account."""
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(self.tree),
            "ANSIBLE_CONFIG": str(self.tree / "ansible.cfg"),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": _with_loopback("NO_PROXY"),
            "PATH": os.pathsep.join([str(self.venv / "bin"), *os.get_exec_path()]),
            "PYTHONPATH": str(CHECKOUT / "tests"),
            "no_proxy": _with_loopback("no_proxy"),
        }

    @property
    def env(self) -> dict[str, str]:
        """The environment for its commands: the user's, without what it says to Ansible and boto3, and the settings."""
        users = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
        return users | self.settings


def build_folder() -> Path:
    """Return the folder of the build tree: SELFSERVICE_BUILD, or one in the user's cache for each checkout."""
    chosen = os.environ.get("SELFSERVICE_BUILD")
    name = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    folder = Path(chosen).resolve() if chosen else Path.home() / ".cache" / "selfservice.aws" / name
    if folder.is_relative_to(CHECKOUT):
        raise SystemExit(f"SELFSERVICE_BUILD is in the repository, where ansible-test finds nothing to test: {folder}")
    return folder


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a part of the build tree for one thread of one process at a time."""
    locks = build_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(combination: Combination, tool: str = "") -> Workshop:
    """Return a combination's workshop; tool is the ``requirements-*.txt`` of this folder to install as well.

    The linters get a virtual environment of their own, so that they can be installed while tests run.
    """
    name, python = combination.name + ("-lint" if tool == "lint" else ""), combination.python
    tree = build_folder() / "collections" / f"amazon{combination.amazon}"
    core = f"ansible-core~={combination.core}.0"
    # On its own first: it fetches amazon.aws, which tells its oldest boto3.
    venv = _make_venv(name, python, [core])
    awx = build_folder() / "collections" / "awx"
    if tool:
        with locked(awx.name):
            fetch(AWX, awx, venv=venv)
    with locked(tree.name):
        fetch_amazon(combination.amazon, tree, venv=venv)
        _link(tree / "ansible_collections/selfservice/aws")
        _link(tree / AWX.folder, awx / AWX.folder)
        (tree / "ansible.cfg").touch()
    boto3 = oldest_boto3(tree) if combination.oldest_boto3 else _requirements(CHECKOUT / "requirements.txt")
    tools = _requirements(CHECKOUT / f".ci/requirements-{tool}.txt") if tool else []
    _make_venv(name, python, [core, *boto3, *tools])
    return Workshop(combination, venv, tree)


def set_up_module_python(python: Python) -> Path:
    """Return an interpreter that can run the modules and nothing else."""
    # amazon.aws warns where it can't compare versions; with ansible-core packaging is there anyway.
    requirements = [*_requirements(CHECKOUT / "requirements.txt"), "packaging"]
    return _make_venv(f"modules-py{python.name}", python, requirements) / "bin/python"


def copy_checkout(amazon: int) -> Path:
    """Return a real copy of this collection beside amazon.aws: ansible-test finds nothing behind a symbolic link."""
    root = build_folder() / "sanity" / f"amazon{amazon}" / "ansible_collections"
    copy = root / "selfservice/aws"
    shutil.rmtree(copy, ignore_errors=True)
    for name in run("git", "ls-files", "-z", "-co", "--exclude-standard", cwd=CHECKOUT).split("\0"):
        if (source := CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
    _link(root / "amazon", build_folder() / "collections" / f"amazon{amazon}" / "ansible_collections/amazon")
    return copy


def link_pythons(pythons: Iterable[Python]) -> Path:
    """Return a folder with one real interpreter for each minor version, for the PATH of ansible-test."""
    folder = build_folder() / "pythons"
    with locked(folder.name):
        for python in pythons:
            _link(folder / f"python{python.name}", python.path)
    return folder


def clean() -> None:
    """Remove the build tree."""
    for part in PARTS:
        shutil.rmtree(build_folder() / part, ignore_errors=True)
    say(f"removed what was in {build_folder()}")


def _make_venv(name: str, python: Python, requirements: Sequence[str]) -> Path:
    """Make a virtual environment that has these requirements, or complete one that lacks some."""
    venv = build_folder() / "venvs" / name
    stamp = venv / "installed.txt"
    base = f"{python.version} {python.path}"
    wanted = {base, *requirements}
    with locked(name):
        installed = set(stamp.read_text(encoding="utf-8").splitlines()) if stamp.exists() else set()
        if wanted <= installed:
            return venv
        say(f"  Python {python.version}: {', '.join(sorted(wanted - installed - {base}))}")
        if base not in installed:
            shutil.rmtree(venv, ignore_errors=True)
            run(python.path, "-m", "venv", venv)
        stamp.unlink(missing_ok=True)
        run(venv / "bin/python", "-m", "pip", "install", "--quiet", *requirements)
        stamp.write_text("\n".join(sorted(wanted)), encoding="utf-8")
    return venv


def _with_loopback(variable: str) -> str:
    """Return the user's list of hosts that need no proxy, with this machine in it."""
    return ",".join(filter(None, [os.environ.get(variable), "127.0.0.1", "localhost"]))


def _requirements(file: Path) -> list[str]:
    """Return the requirements that a file lists, without its comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _link(link: Path, target: Path = CHECKOUT) -> None:
    """Make a symbolic link, or leave a right one alone, since others may be reading through it."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


if __name__ == "__main__":
    clean()
