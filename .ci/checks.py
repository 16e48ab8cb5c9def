# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that the sessions of noxfile.py share."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nox
from build_tree import BUILD, CHECKOUT, copy_checkout
from dependencies import collections_tree, oldest_boto3, provide_get_pip
from nox.command import CommandFailed

LINTERS = (
    (
        "antsibull-docs lint-collection-docs --plugin-docs --disallow-unknown-collection-refs"
        " --validate-collection-refs=all --check-extra-docs-refs ."
    ),
    "ansible-lint -q --nocolor",
    "mypy -p ansible_collections.selfservice.aws.plugins -p emulator -p benchmarks -p awx -p faults",
    "mypy .ci noxfile.py",
    "black --check --quiet --diff .",
    "ruff check --quiet --output-format concise .",
    "antsibull-changelog lint",
    f"nox --no-venv --no-install --envdir {BUILD}/nox -s extra-checks docs-check",
    "check-jsonschema -q --builtin-schema vendor.github-workflows {workflows}",
)
# Its ansible-test installs dill for pylint from GitHub, which not every machine can reach.
WITHOUT_PYLINT = ("2.22",)


class Versions(NamedTuple):
    """Versions that are tested together; `modules` is a Python for the modules only, `part` runs some tests only."""

    core: str
    python: str
    amazon: int
    oldest_boto3: bool = False
    modules: str = ""
    part: bool = False

    def __str__(self) -> str:
        """Return the name that the session of the matrix has."""
        boto3 = "-oldest-boto3" if self.oldest_boto3 else ""
        modules = f"-modules-py{self.modules}" if self.modules else ""
        part = "-part" if self.part else ""
        return f"core{self.core}-py{self.python}-amazon{self.amazon}{boto3}{modules}{part}"


def prepare_environment() -> None:
    """Remove settings for Ansible and AWS from the environment, and let nox, uv and ansible-test find Pythons.

    pyenv's shims hide the Pythons that are not active, so they are replaced on the PATH by the folders of all Pythons.
    """
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(NOX_ENABLE_STALENESS_CHECK="1", UV_PYTHON_DOWNLOADS="never", UV_SYSTEM_CERTS="1")
    if index := os.environ.get("PIP_INDEX_URL"):
        os.environ["UV_DEFAULT_INDEX"] = index
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(pyenv.glob("versions/3.*/bin"), key=lambda path: [*map(int, re.findall(r"\d+", path.parent.name))])
    others = [folder for folder in os.get_exec_path() if Path(folder) != pyenv / "shims"]
    os.environ["PATH"] = os.pathsep.join([*map(str, reversed(found)), *others])


def find_pythons() -> list[str]:
    """Return the versions of Python on the PATH, such as ``3.12``."""
    return [f"3.{minor}" for minor in range(9, 16) if shutil.which(f"python3.{minor}")]


def requirements(file: str) -> list[str]:
    """Return the requirements in a file of the checkout."""
    lines = (CHECKOUT / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def boto3_requirements(versions: Versions, tree: Path) -> list[str]:
    """Return which boto3 is tested with these versions."""
    return oldest_boto3(tree) if versions.oldest_boto3 else requirements("requirements.txt")


def set_up(session: nox.Session, versions: Versions, *tools: str) -> Path:
    """Install the current requirements into a session's environment, and return its tree of collections."""
    tree = collections_tree(versions.amazon)
    # If there is no release yet, this selects the newest pre-release.
    wanted = [f"ansible-core=={versions.core}.*", *boto3_requirements(versions, tree)]
    wanted += [line for tool in tools for line in requirements(f".ci/requirements-{tool}.txt")]
    stamp = Path(session.virtualenv.location, "installed.txt")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != "\n".join(wanted):
        stamp.unlink(missing_ok=True)
        session.install("--exact", "--compile-bytecode", *wanted)
        stamp.write_text("\n".join(wanted), encoding="utf-8")
    session.env.update(settings(tree))
    return tree


def settings(tree: Path) -> dict[str, str]:
    """Return variables that make Ansible use a tree of collections, and keep all programs away from real accounts."""
    found = {
        "ANSIBLE_COLLECTIONS_PATH": str(tree),
        "ANSIBLE_CONFIG": str(tree / "ansible.cfg"),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": str(CHECKOUT / "tests"),
    }
    for name in ("NO_PROXY", "no_proxy"):
        found[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))
    return found


def run_all(session: nox.Session, commands: Sequence[str]) -> None:
    """Run all commands, which print errors only, and fail if one of them failed."""
    failed, workflows = [], " ".join(map(str, Path(".github/workflows").glob("*.yml")))
    for command in commands:
        try:
            session.run(*command.format(workflows=workflows).split(), silent=True)
        except CommandFailed:  # noqa: PERF203
            failed.append(command.split()[0])
    if failed:
        session.error(f"failed: {', '.join(failed)}")


def run_sanity(session: nox.Session, versions: Versions, tree: Path, *words: str) -> None:
    """Run ansible-test sanity with these words as further options."""
    copy = copy_checkout(f"sanity/{versions.core}", tree)
    # The files that ansible-test keeps between runs are for one process at a time.
    home = BUILD / "sanity" / versions.core / "home"
    provide_get_pip(home, Path(session.bin, "python"), find_pythons())
    skipped = ["--skip-test", "pylint"] if versions.core in WITHOUT_PYLINT and "pylint" not in words else []
    with session.chdir(copy):
        command = ["ansible-test", "sanity", "--local", "--color", "no", *skipped, *words]
        output = session.run(*command, silent=True, env={"HOME": str(home)})
    if "All targets skipped" in str(output):
        session.error(f"ansible-test tested nothing:\n{output}")


def run_tests(session: nox.Session, tree: Path, *words: str, **env: str) -> None:
    """Run pytest with these words as paths and options."""
    # pytest-ansible finds the collection after a conftest.py was imported.
    paths = shlex.join(["tests", ".ci", str(tree)])
    options = ["-o", f"pythonpath={paths}", "-o", f"cache_dir={BUILD / 'caches/pytest'}"]
    # More workers than CPUs, since many tests mostly wait for other processes.
    options += ["-n", str(min(8, 2 * (os.cpu_count() or 1)))]
    env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(BUILD / "caches/hypothesis")
    session.run("python", "-m", "pytest", "--ansible-unit-inject-only", *options, *words, env=env)


def empty_tmp(session: nox.Session) -> Path:
    """Return the session's folder for its output, emptied."""
    folder = Path(session.create_tmp())
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def released(session: nox.Session, tree: Path) -> Path:
    """Return a copy of this collection as it would be released now, with its changelog written."""
    copy = copy_checkout(session.name, tree)
    session.env["ANSIBLE_COLLECTIONS_PATH"] = str(copy.parents[2])
    fragments = copy / "changelogs/fragments"
    session.chdir(copy)
    if list(fragments.glob("*.y*ml")):
        session.run("antsibull-changelog", "release", silent=True)
    if left := [file.name for file in fragments.glob("*.y*ml")]:
        session.error(f"{', '.join(left)}: the version in galaxy.yml is released already, raise it")
    named = set(re.findall(r"selfservice\.aws\.\w+", (copy / "CHANGELOG.rst").read_text(encoding="utf-8")))
    kinds = ("plugins/[!dmp]*/*.py", "plugins/modules/*.py", "roles/*", "playbooks/*.yml")
    content = {f"selfservice.aws.{file.stem}" for kind in kinds for file in copy.glob(kind)}
    if missing := sorted(content - named):
        session.error(f"CHANGELOG.rst does not name {', '.join(missing)}; playbooks need a fragment")
    return copy
