# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be in the tarball, and what its changelog must name."""

from __future__ import annotations

from pathlib import Path

import pytest
from release import not_in_changelog, not_shipped


@pytest.mark.parametrize(
    ("name", "is_shipped"),
    [
        ("plugins/modules/servicecatalog_record_wait.py", True),
        ("tests", True),
        ("tests/emulator/worlds/demo.yml", True),
        ("tests/emulator/__pycache__/server.pyc", False),
        ("tests/unit", False),
        ("tests/unit/test_readme.py", False),
        ("tests/emulators", False),
        ("docs", True),
        ("docs/adr/0001-build-tree.md", True),
        (".ci/check.py", False),
        ("changelogs/.plugin-cache.yaml", False),
        ("selfservice-aws-1.0.0.tar.gz", False),
        ("playbooks/demo.retry", False),
        ("notes.txt", False),
    ],
)
def test_the_tarball_holds_what_was_listed_and_no_litter(name: str, is_shipped: bool) -> None:
    assert list(not_shipped([name])) == ([] if is_shipped else [name])


def test_what_the_changelog_forgot_is_told(tmp_path: Path) -> None:
    for name in ("plugins/modules/one.py", "plugins/module_utils/_two.py", "playbooks/three.yml", "roles/four/x"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "CHANGELOG.rst").write_text("- selfservice.aws.one - One\n")
    assert list(not_in_changelog(tmp_path)) == ["selfservice.aws.four", "selfservice.aws.three"]
