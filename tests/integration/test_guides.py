# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides' commands, run in a folder with the guides' files."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "docsite" / "rst"
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n((?: +:.*\n)*)\n((?:    .*\n|\n)+)", re.MULTILINE)


def blocks(guide: str) -> Iterator[tuple[str, str, str]]:
    """Yield each block of code: its language, its caption, itself."""
    for language, options, body in BLOCK.findall((GUIDES / f"{guide}.rst").read_text()):
        caption = re.search(r":caption: (\S+)", options)
        yield language, caption[1] if caption else "", textwrap.dedent(body)


@pytest.mark.parametrize("guide", ["guide_fleets"])
def test_the_commands_of_a_guide_run_with_its_files(run: Callable[..., Any], tmp_path: Path, guide: str) -> None:
    commands = []
    for language, caption, body in blocks(guide):
        if caption:
            (tmp_path / caption).write_text(body)
        elif language == "console":
            joined = body.replace("\\\n", " ")
            commands += [shlex.split(line[1:]) for line in joined.splitlines() if line.startswith("$ ansible")]
    assert commands
    for command in commands:
        done = run(*command, ANSIBLE_FORCE_COLOR="0")
        assert done.code == 0, f"{shlex.join(command)}\n{done.output}"
