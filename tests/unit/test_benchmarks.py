# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of the benchmark figures: a missed bound must be visible."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from benchmarks.figures import Figure, Plot, chapter_of, chapters_of, line_of, page_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("value", "bound", "more_is_better", "met"),
    [
        (1.05, 1.05, False, True),
        (1.06, 1.05, False, False),
        (100, 100, True, True),
        (99, 100, True, False),
        (99, None, False, True),
    ],
)
def test_a_missed_bound_is_reported(value: float, bound: float | None, more_is_better: bool, met: bool) -> None:
    figure = Figure("Ratio", value, "times", bound, more_is_better)
    assert figure.is_met == met
    assert ("missed" in line_of(figure)) is not met


def test_the_page_shows_every_figure_and_plot() -> None:
    findings = [Figure("Ratio", 1234.5, "times", 1, remark="beside a loop"), Plot("Lag", {"a": 1, "bb": 2}, "s")]
    chapter = chapter_of(findings, "make bench ARGS=bulk", "2 cores", "2026-11-23")
    page = page_of({"Bulk": chapter, "Another": "of before\n"})
    assert "\nBulk\n----\n\n``make bench ARGS=bulk``, on 2026-11-23, on 2 cores:\n" in page
    assert "  * - Ratio\n    - 1,234 times\n    - at most 1, missed\n    - beside a loop\n" in page
    assert f"    a  {'█' * 20} " in page
    assert f"    bb {'█' * 40} 2 s\n" in page
    assert chapters_of(page) == {"Bulk": chapter, "Another": "of before\n"}


def test_the_readme_has_the_figures_of_the_last_benchmarks() -> None:
    page = " ".join((ROOT / "docs/docsite/rst/guide_benchmarks.rst").read_text(encoding="utf-8").split())
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    faster = re.search(r"a loop's time over the bulk task's - ([\d,]+) times", page)
    calls = re.search(r"The same run: calls - ([\d.]+) a target", page)
    assert faster
    assert calls
    assert "started 1,000 targets in less than a hundredth of the time that a loop" in readme
    assert int(faster[1].replace(",", "")) >= 100
    assert f"took about {float(calls[1]):.1f} API calls per target" in readme
