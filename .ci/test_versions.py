# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of versions says what passed, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import versions


def test_what_fails_is_taken_off_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "KEPT", tmp_path / "versions.json")
    monkeypatch.setattr(versions, "PAGE", tmp_path / "page.rst")
    versions.note("core2.19", {"ansible-core": "2.19.1", "ran": "sanity"})
    versions.note("core2.18", {"ansible-core": "2.18.9", "ran": "sanity"})
    assert "  * - 2.18.9\n    -\n" in versions.PAGE.read_text()
    assert "2.19.1" in versions.PAGE.read_text()
    versions.note("core2.18", None)
    assert "2.18.9" not in versions.PAGE.read_text()
    versions.note("core2.19", None)
    assert "No combination has passed" in versions.PAGE.read_text()


def test_the_page_is_that_of_what_was_kept() -> None:
    rows = json.loads(versions.KEPT.read_text(encoding="utf-8"))
    assert versions.page_of(rows[name] for name in sorted(rows)) == versions.PAGE.read_text(encoding="utf-8")
