# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make what Galaxy gets out of the checkout, and look at it as Galaxy and its users will."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from console import Failed, run, say
from setup import Workshop, build_folder, copy_checkout, locked

# Everything that may be in the tarball; the emulator is there for users' own tests.
SHIPPED = (
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "COPYING",
    "FILES.json",
    "MANIFEST.json",
    "README.md",
    "bindep.txt",
    "changelogs",
    "docs/adr",
    "docs/docsite",
    "docs/images",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "requirements.yml",
    "roles",
    "tests/config.yml",
    "tests/emulator",
)
LITTER = re.compile(r"(^|/)(__pycache__|\.[^/]+|[^/]+\.(pyc|log|orig|rej|retry|tmp|tar\.gz))(/|$)")
# Plugins that have no documentation, and so no place in the changelog.
UNDOCUMENTED = {"doc_fragments", "module_utils", "plugin_utils"}
STAND_IN = "https://example.com/selfservice.aws"


@cache
def prepare_release(workshop: Workshop) -> Path:
    """Return a copy of the checkout as it would be released now, with its changelog written."""
    with locked("release"):
        copy = copy_checkout("release", workshop.combination.amazon)
        _write_changelog(workshop, copy)
    return copy


def release_env(workshop: Workshop, copy: Path) -> dict[str, str]:
    """Return a workshop's environment, in which Ansible finds the copy instead of the checkout."""
    return {**workshop.env, "ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}


def build(workshop: Workshop) -> Path:
    """Return the collection's tarball, whose content was looked at."""
    copy = prepare_release(workshop)
    _name_repository(copy / "galaxy.yml")
    folder = build_folder() / "release"
    for old in folder.glob("*.tar.gz"):
        old.unlink()
    words = ["collection", "build", "--output-path", str(folder)]
    run(workshop.tool("ansible-galaxy"), *words, env=release_env(workshop, copy), cwd=copy)
    tarball = next(folder.glob("*.tar.gz"))
    with tarfile.open(tarball) as archive:
        if unwanted := list(not_shipped(archive.getnames())):
            raise Failed("\n".join([f"{tarball} holds what it should not:", *unwanted]))
    say(f"          {tarball}")
    return tarball


def not_shipped(names: Iterable[str]) -> Iterator[str]:
    """Yield the names of a tarball's members that have no place in it."""
    for name in names:
        is_known = any(f"{name}/".startswith(f"{each}/") or f"{each}/".startswith(f"{name}/") for each in SHIPPED)
        if not is_known or LITTER.search(name):
            yield name


def try_import(importer: Workshop, tarball: Path) -> None:
    """Import a tarball as Galaxy does; what it only warns of is a failure here."""
    home = build_folder() / "caches/home"
    home.mkdir(parents=True, exist_ok=True)
    # Its ansible-doc finds amazon.aws, whose fragments the modules use, among Python's packages.
    env = {**importer.env, "HOME": str(home), "PYTHONPATH": str(importer.tree)}
    output = run(importer.tool("python"), "-m", "galaxy_importer.main", tarball, env=env, cwd=home)
    if re.search(r"^(WARNING|ERROR)", output, re.MULTILINE) or "completed successfully" not in output:
        raise Failed(output)


def not_in_changelog(collection: Path) -> Iterator[str]:
    """Yield the full names of the modules, other plugins, roles and playbooks that CHANGELOG.rst does not name."""
    plugins = [file for file in collection.glob("plugins/*/*.py") if file.parent.name not in UNDOCUMENTED]
    named = set(re.findall(r"selfservice\.aws\.\w+", (collection / "CHANGELOG.rst").read_text(encoding="utf-8")))
    for file in [*plugins, *collection.glob("roles/*"), *collection.glob("playbooks/*.yml")]:
        if (name := f"selfservice.aws.{file.stem}") not in named:
            yield name


def _write_changelog(workshop: Workshop, copy: Path) -> None:
    """Let antsibull-changelog release what the fragments say, if there are any."""
    if list((copy / "changelogs/fragments").glob("*.y*ml")):
        run(workshop.tool("antsibull-changelog"), "release", env=release_env(workshop, copy), cwd=copy)
    if left := [file.name for file in (copy / "changelogs/fragments").glob("*.y*ml")]:
        raise Failed(f"{', '.join(left)}: the version in galaxy.yml is released already, raise it")
    if missing := list(not_in_changelog(copy)):
        raise Failed(f"CHANGELOG.rst does not name {', '.join(missing)}; playbooks need a fragment")


def _name_repository(metadata: Path) -> None:
    """Say where the sources are, as Galaxy demands, if galaxy.yml does not."""
    text = metadata.read_text(encoding="utf-8")
    if re.search(r"^repository:", text, re.MULTILINE):
        return
    if not (repository := os.environ.get("SELFSERVICE_REPOSITORY")):
        repository = STAND_IN
        say(f"          not to be published: it names {STAND_IN}, for want of SELFSERVICE_REPOSITORY")
    metadata.write_text(f"{text}repository: {repository}\n", encoding="utf-8")
