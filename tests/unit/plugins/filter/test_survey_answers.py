# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that YAML parsed as another type are restored as text, and nothing else changes."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible_collections.selfservice.aws.plugins.filter.survey_answers import survey_answers


@pytest.mark.parametrize(
    ("written", "value", "answer"),
    [
        ("!unsafe '007'", 7, "007"),
        ("!unsafe '0o7'", "0o7", "0o7"),
        ("!unsafe '12:30'", 750, "12:30"),
        ("!unsafe '1_000'", 1000, "1_000"),
        ("!unsafe 'yes'", True, "yes"),
        ("!unsafe ''", None, ""),
        ("!unsafe 'null'", None, "null"),
        ("!unsafe '1.50'", 1.5, "1.50"),
        ("!unsafe '2026-01-01'", datetime.date(2026, 1, 1), "2026-01-01"),
        ("!unsafe 'plain'", "plain", "plain"),
        ("[!unsafe '01', !unsafe 'on']", [1, True], ["01", "on"]),
        ("5", 5, 5),
        ("0.5", 0.5, 0.5),
        ("null", None, ""),
        ("!unsafe '007'", 8, 8),
        ("{a: 1}", {"a": 1}, {"a": 1}),
    ],
)
def test_an_answer_is_returned_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, value: Any, answer: Any
) -> None:
    (tmp_path / "extravars").write_text(f"!unsafe 'other': 1\n!unsafe 'name': {written}\n")
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": ["a=b", f"@{tmp_path / 'extravars'}"]})
    assert survey_answers([value, "text"], ["name", "more"]) == [answer, "text"]


@pytest.mark.parametrize("content", [b"$ANSIBLE_VAULT;1.1;AES256\n6162", b"- a", b"{", b"\xff\xfe"])
def test_an_unreadable_file_of_extra_vars_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / "extravars").write_bytes(content)
    options = [f"@{tmp_path / 'extravars'}", f"@{tmp_path / 'missing'}"]
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": options})
    assert survey_answers([7], ["name"]) == [7]
