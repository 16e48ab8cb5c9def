# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is too long is told, and documentation is not counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sizes import oversized

LINES = "    pass\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def short():\n" + LINES * 39, []),
        ("def long():\n" + LINES * 40, ["code.py:1: long has 41 lines, at most 40"]),
        ("x = 1\n" * 250, []),
        ("x = 1\n" * 251, ["code.py: 251 lines, at most 250"]),
        ('DOCUMENTATION = """\n' + "text\n" * 300 + '"""\n', []),
    ],
)
def test_only_code_that_is_too_long_is_told(
    text: str, found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("code.py").write_text(text)
    assert list(oversized(Path("code.py"))) == found
