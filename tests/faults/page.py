# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the docs that tells how many cases were run, and how many were survived."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from .cases import INVENTORY, KILLS, KINDS, PAIRS, ROLE, SINGLES, Case, Kill
from .scenarios import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "docsite" / "rst" / "guide_faults.rst"
WHO = {"playbook": "ansible-playbook alone", "tree": "its whole process tree", "module": "the module alone"}
WHAT = {"one": "one action", "many": "a bulk run", "role": "the role"}


class Row(NamedTuple):
    """What stands in one line of a table: words, and the cases that it counts."""

    words: Sequence[str]
    cases: Sequence[Case | Kill]


def rows() -> Iterator[tuple[str, Sequence[str], list[Row]]]:
    """Yield the tables: title, headings and rows, of which each case is in exactly one."""
    for title, cases in [("One fault", SINGLES), ("Two faults", PAIRS)]:
        found = [
            Row(
                [f"``servicecatalog_{scenario.module}``", scenario.name.replace("_", " ")],
                [case for case in cases if case.scenario is scenario],
            )
            for scenario in SCENARIOS
        ]
        yield title, ("Module", "What it does"), [row for row in found if row.cases]
    yield "The role", ("Role",), [Row(["``run_service_action``"], ROLE)]
    yield "The inventory", ("Plugin",), [Row(["``servicecatalog_provisioned_products``"], INVENTORY)]
    yield (
        "Signals",
        ("What runs", "What gets SIGKILL, SIGTERM or SIGINT"),
        [
            Row([WHAT[what], WHO[who]], [kill for kill in KILLS if (kill.what, kill.who) == (what, who)])
            for what in WHAT
            for who in WHO
            if any((kill.what, kill.who) == (what, who) for kill in KILLS)
        ],
    )


def survivors(report: Path) -> Counter[str]:
    """Return the cases that passed, by their names, from pytest's JUnit report."""
    return Counter(
        match[1]
        for test in ElementTree.parse(report).iter("testcase")
        if (match := re.search(r"\[(.*)\]", test.get("name", ""))) and not len(test)
    )


def page_of(survived: Iterable[str]) -> str:
    """Return the page, in reStructuredText."""
    names, parts = set(survived), [_HEAD.format(kinds=", ".join(f"``{kind}``" for kind in KINDS))]
    for title, headings, table in rows():
        cells = [(*headings, "Run", "Survived")]
        cells += [(*row.words, str(len(row.cases)), str(_passed(row, names))) for row in table]
        run, passed = sum(len(row.cases) for row in table), sum(_passed(row, names) for row in table)
        parts += [f"{title}\n{'-' * len(title)}\n", f"{run:,} cases run, {passed:,} survived.\n"]
        parts.append(".. list-table::\n  :header-rows: 1\n\n" + "".join(map(_line, cells)))
    return "\n".join(parts)


def _passed(row: Row, names: set[str]) -> int:
    return sum(str(case) in names for case in row.cases)


def _line(cells: Sequence[str]) -> str:
    return "".join(f"  {'  ' if number else '* '}- {cell}\n" for number, cell in enumerate(cells))


_HEAD = """\
..
  Copyright (c) 2026, selfservice.aws contributors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by ``make faults``: change tests/faults instead.

.. _ansible_collections.selfservice.aws.docsite.guide_faults:

Faults
======

What happens to a running action when the network, the service or the process that started it fails? The tests of this
collection break each of them, again and again, at an emulator of the service: nothing here has met AWS.

Whatever is broken, this holds, and each case checks all of it:

* No action runs twice on a provisioned product, and the same task again, with the same ``execute_token`` (or for the
  role the same ``run_service_action_change_id``), brings exactly the records that were wanted.
* No record id that the service has told the module is lost: it is in the result, failed or not.
* ``changed`` is true if the run created a record, and else only where nobody can know, which ``msg`` says then.
* A failure is told in words, without a traceback, and names the record if there is one.
* Waiting ends at ``wait_timeout``; an endpoint that hangs adds at most 30 seconds.
* What looks things up returns all of it, or fails: never a part.

A module that gets SIGTERM or SIGINT while it runs an action lets a start that is under way be answered, starts no more,
waits no longer, and fails with the records that it has. SIGKILL leaves it no time for that; then the token helps.
When the controller alone is killed, its modules go on to their end.

:ref:`ansible_collections.selfservice.aws.docsite.guide_emulator` explains the faults, which are:
{kinds}.
They hit the first call of each operation, or each call, and in pairs a call and its retry or the next. Signals come at
random moments. ``make faults`` runs all cases and writes this page.
"""
