# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands and YAML of the README and the guides, run in a folder with the guides' files."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from awx import Awx
from emulator import Emulator
from emulator.world import DEMO

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "docsite" / "rst"
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("roles/*/*.md"), *GUIDES.glob("*.rst")})
README, USER_GUIDE, ASSUMPTIONS = ROOT / "README.md", GUIDES / "guide_user.rst", GUIDES / "guide_assumptions.rst"
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n((?: +:.*\n)*)\n((?:    .*\n|\n)+)", re.MULTILINE)
FENCE = re.compile(r"^```(\w+)()\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each code block of a page as language, caption and body."""
    found = (FENCE if page.suffix == ".md" else BLOCK).findall(page.read_text(encoding="utf-8"))
    for language, options, body in found:
        caption = re.search(r":caption: (\S+)", options)
        yield language, caption[1] if caption else "", textwrap.dedent(body)


def commands(*pages: Path) -> list[tuple[str, ...]]:
    """Return the Ansible commands of pages without duplicates and without those that build or install."""
    shown = [
        body.replace("\\\n", " ")
        for page in pages
        for language, _caption, body in blocks(page)
        if language == "console"
    ]
    lines = "".join(shown).splitlines()
    words = [tuple(shlex.split(line[1:], comments=True)) for line in lines if line.startswith("$ ansible")]
    return [each for each in dict.fromkeys(words) if each[0] not in ("ansible-builder", "ansible-galaxy")]


@pytest.fixture
def databases(emulator: Emulator) -> None:
    """Reset the emulator to the two databases of the demo world that accept any action."""
    world = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    world["provisioned_products"] = world["provisioned_products"][:2]
    emulator.reset(world)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_yaml_of_a_page_is_valid(page: Path) -> None:
    found = [body for language, _caption, body in blocks(page) if language == "yaml"]
    assert all(yaml.safe_load(body) for body in found)
    assert len(re.findall(r"(?:code-block:: |^```)yaml", page.read_text(encoding="utf-8"), re.MULTILINE)) == len(found)


@pytest.mark.parametrize("page", [README, USER_GUIDE], ids=lambda page: page.name)
@pytest.mark.usefixtures("databases")
def test_the_tasks_of_a_page_run(play: Callable[..., Any], page: Path) -> None:
    contents = [yaml.safe_load(body) for language, _caption, body in blocks(page) if language == "yaml"]
    tasks = [item for content in contents if isinstance(content, list) for item in content if "hosts" not in item]
    assert tasks
    done = play(yaml.safe_dump(tasks, sort_keys=False))
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output


@pytest.mark.parametrize(
    "command", commands(README, USER_GUIDE, ASSUMPTIONS), ids=lambda command: " ".join(command[:3])
)
@pytest.mark.usefixtures("databases")
def test_a_command_runs(run: Callable[..., Any], command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.code == 0, done.output


@pytest.mark.parametrize("guide", ["guide_quick_start", "guide_fleets", "guide_awx", "guide_playbooks"])
def test_the_commands_of_a_guide_run_with_its_files(
    run: Callable[..., Any], awx: Awx, tmp_path: Path, guide: str
) -> None:
    page = GUIDES / f"{guide}.rst"
    for _language, caption, body in blocks(page):
        if caption:
            (tmp_path / caption).write_text(body)
    assert commands(page)
    for command in commands(page):
        done = run(*command, ANSIBLE_FORCE_COLOR="0", **awx.environment)
        assert done.code == 0, f"{shlex.join(command)}\n{done.output}"
