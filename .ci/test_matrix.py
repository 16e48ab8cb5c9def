# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions are tested together, on machines with other Pythons than this one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from matrix import combinations, module_pythons
from pythons import Python


@pytest.mark.parametrize(
    ("minors", "expected"),
    [
        ([11], ["2.17 on 3.11 with 9", "2.18 on 3.11 with 9", "2.19 on 3.11 with 11"]),
        ([9, 10, 12], ["2.17 on 3.10 with 9", "2.18 on 3.12 with 9", "2.19 on 3.12 with 10", "2.20 on 3.12 with 10"]),
        ([13, 14], ["2.18 on 3.13 with 9", "2.19 on 3.13 with 10", "2.20 on 3.13 with 10", "2.21 on 3.14 with 11"]),
        ([14], ["2.20 on 3.14 with 10", "2.21 on 3.14 with 11"]),
    ],
)
def test_each_core_runs_on_its_oldest_python_and_the_newest_on_the_newest(
    minors: Sequence[int], expected: Sequence[str]
) -> None:
    found = combinations({minor: Python(minor, 0, Path(f"python3.{minor}")) for minor in minors})
    assert [f"{each.core} on {each.python.name} with {each.amazon}" for each in found][: len(expected)] == expected


def test_each_amazon_but_that_of_the_newest_meets_its_oldest_and_its_newest_boto3() -> None:
    found = combinations({minor: Python(minor, 0, Path(f"python3.{minor}")) for minor in range(10, 14)})
    assert [each.oldest_boto3 for each in found] == [True, False, True, False, False]


def test_the_modules_run_on_every_python_that_was_found() -> None:
    found = {minor: Python(minor, 0, Path(f"python3.{minor}")) for minor in range(9, 14)}
    on_modules = module_pythons(found)
    assert [(python.minor, oldest_boto3) for python, oldest_boto3 in on_modules] == [(9, True), (10, False)]
    assert {python.minor for python, _oldest_boto3 in on_modules} | {
        each.python.minor for each in combinations(found)
    } == set(found)


@pytest.mark.parametrize("minors", [[], [9], [10]])
def test_a_python_that_the_tools_run_on_is_needed(minors: Sequence[int]) -> None:
    with pytest.raises(SystemExit, match=r"3\.11 to 3\.14"):
        combinations({minor: Python(minor, 0, Path(f"python3.{minor}")) for minor in minors})
