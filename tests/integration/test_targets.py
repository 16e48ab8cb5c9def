# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration targets in this folder, each a role with tasks as users write them, with and without check mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

TARGETS = Path(__file__).parent / "targets"


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check"])
@pytest.mark.parametrize("target", sorted(path.name for path in TARGETS.iterdir()))
def test_a_target_passes(play: Callable[..., Any], target: str, mode: list[str]) -> None:
    done = play(f"- ansible.builtin.import_role: {{name: {target}}}", *mode, ANSIBLE_ROLES_PATH=str(TARGETS))
    assert done.code == 0, done.output
