# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks make of their figures: a missed bound must show."""

from __future__ import annotations

import pytest
from benchmarks.figures import Figure, Plot, chapter_of, chapters_of, line_of, page_of


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
def test_a_missed_bound_is_told(value: float, bound: float | None, more_is_better: bool, met: bool) -> None:
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
