# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions passed the matrix, and when, and the page of the docs that says so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from console import run
from setup import CHECKOUT, Workshop

KEPT = CHECKOUT / ".ci/versions.json"
PAGE = CHECKOUT / "docs/docsite/rst/guide_versions.rst"
COLUMNS = ("ansible-core", "Python", "modules on", "amazon.aws", "boto3", "ran", "passed on", "commit")
ASK = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]), sep='\\n')"


def note(title: str, row: Mapping[str, str] | None) -> None:
    """Keep what passed under a combination's title, or that it does not pass now, and write the page."""
    rows = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    rows.pop(title, None)
    if row:
        rows[title] = dict(row)
    KEPT.write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page_of(rows[title] for title in sorted(rows)), encoding="utf-8")


def row_of(workshop: Workshop, ran: str, module_python: Path | None = None) -> dict[str, str]:
    """Return what ran with which versions, as they are installed, now and at which commit."""
    on_modules = module_python or Path(workshop.tool("python"))
    manifest = workshop.tree / "ansible_collections/amazon/aws/MANIFEST.json"
    values = (
        run(workshop.tool("python"), "-c", ASK, "ansible-core").strip(),
        workshop.combination.python.version,
        run(on_modules, "-c", "import platform; print(platform.python_version())").strip(),
        json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"],
        run(on_modules, "-c", ASK, "boto3").strip(),
        ran,
        datetime.now(timezone.utc).date().isoformat(),
        commit(),
    )
    return dict(zip(COLUMNS, values))


@cache
def commit() -> str:
    """Return the commit that is tested, as it was when first asked: the page that is written changes the checkout."""
    return run("git", "describe", "--always", "--dirty", cwd=CHECKOUT).strip()


def page_of(rows: Iterable[Mapping[str, str]]) -> str:
    """Return the page as reStructuredText."""
    lines = [line for row in rows for line in _cells(row.get(column, "") for column in COLUMNS)]
    table = [".. list-table::", "  :header-rows: 1", "", *_cells(COLUMNS), *lines]
    return _HEAD + "\n".join(table if lines else [_NOTHING]) + "\n"


def _cells(texts: Iterable[str]) -> list[str]:
    first, *others = (f"- {text}".rstrip() for text in texts)
    return [f"  * {first}", *(f"    {each}" for each in others)]


_NOTHING = "No combination has passed since this page began."
_HEAD = """\
..
  Copyright (c) 2026, selfservice.aws contributors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by ``make test-matrix``: change .ci/versions.py instead.

.. _ansible_collections.selfservice.aws.docsite.guide_versions:

Versions
========

The collection supports ansible-core 2.17 to 2.21, amazon.aws 9 to 11, and Python 3.9 or newer for the modules.
``make test-matrix`` runs ansible-test sanity, without ignore files, and all tests on these versions together: each
ansible-core with the amazon.aws of its time, each amazon.aws with the oldest boto3 that it allows and with the newest,
and the modules on Pythons that are too old for an ansible-core. ``make test`` runs the oldest and the newest of them.

Each row was written by the run that it tells of, on a machine that had these Pythons. A combination that has failed
since is not in the table, nor is one that never ran. Of each major version of amazon.aws, the newest was taken.

"""
