# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the guides tell users to type."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator
from emulator.world import DEMO

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("roles/*/*.md")), *GUIDES]
README = ROOT / "README.md"
USER_GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_user.rst"
SHELL = {"ansible", "ansible-playbook"}


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page that are in one language."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def commands(*pages: Path) -> list[tuple[str, ...]]:
    """Return the commands of Ansible that pages show after a prompt, each once."""
    lines = "\n".join(block for page in pages for block in blocks(page, "console")).replace("\\\n", " ").splitlines()
    words = [tuple(shlex.split(line[2:], comments=True)) for line in lines if line.startswith("$ ")]
    return [each for each in dict.fromkeys(words) if each[0] in SHELL]


@pytest.fixture
def databases(emulator: Emulator) -> None:
    """The demo world with the two databases in it that take any action."""
    world = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    world["provisioned_products"] = world["provisioned_products"][:2]
    emulator.reset(world)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_yaml_of_a_page_is_yaml(page: Path) -> None:
    assert all(yaml.safe_load(block) for block in blocks(page, "yaml"))
    assert page.read_text(encoding="utf-8").count("code-block:: yaml") in (0, len(blocks(page, "yaml")))


@pytest.mark.parametrize("page", [README, USER_GUIDE], ids=lambda page: page.name)
@pytest.mark.usefixtures("databases")
def test_the_tasks_of_a_page_run(play: Callable[..., Any], page: Path) -> None:
    contents = [yaml.safe_load(block) for block in blocks(page, "yaml")]
    tasks = [item for content in contents if isinstance(content, list) for item in content if "hosts" not in item]
    assert tasks
    done = play(yaml.safe_dump(tasks, sort_keys=False))
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output


@pytest.mark.parametrize("command", commands(README, USER_GUIDE), ids=lambda command: " ".join(command[:3]))
@pytest.mark.usefixtures("databases")
def test_a_command_runs(run: Callable[..., Any], command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.code == 0, done.output
