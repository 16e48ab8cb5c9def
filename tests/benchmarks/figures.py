# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings of a benchmark, and the documentation page that shows them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

_WIDEST_BAR = 40


@dataclass(frozen=True)
class Figure:
    """One measured number, its bound, and a remark on how it was measured.

    `bound` is a minimum if `more_is_better`, else a maximum; None if the number is only reported.
    """

    what: str
    value: float
    unit: str
    bound: float | None = None
    more_is_better: bool = False
    remark: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the value is within its bound."""
        return self.bound is None or (self.value >= self.bound if self.more_is_better else self.value <= self.bound)

    @property
    def wanted(self) -> str:
        """The bound in words."""
        words = "at least" if self.more_is_better else "at most"
        return "" if self.bound is None else f"{words} {format_number(self.bound)}{'' if self.is_met else ', missed'}"


@dataclass(frozen=True)
class Plot:
    """A bar chart of values by label, scaled to the largest one."""

    title: str
    bars: Mapping[str, float]
    unit: str

    def __str__(self) -> str:
        widest = max(map(len, self.bars))
        scale = _WIDEST_BAR / (max(self.bars.values()) or 1.0)
        lines = (
            f"{label:<{widest}} {'█' * math.ceil(value * scale):<{_WIDEST_BAR}} {format_number(value)} {self.unit}"
            for label, value in self.bars.items()
        )
        return "\n".join([f"{self.title}:", "", *(line.rstrip() for line in lines)])


Finding = Union[Figure, Plot]
Measurement = Callable[[], Iterator[Finding]]


def format_number(value: float) -> str:
    """Return a value as text with its significant digits."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def line_of(figure: Figure) -> str:
    """Return a figure as a line of text."""
    notes = "; ".join(filter(None, [figure.wanted, figure.remark]))
    return f"{figure.what}: {format_number(figure.value)} {figure.unit}{f' ({notes})' if notes else ''}"


def chapter_of(findings: Sequence[Finding], command: str, machine: str, date: str) -> str:
    """Return a chapter of the page in reStructuredText: when and how it was measured, and the findings."""
    parts = [f"``{command}``, on {date}, on {machine}:\n"]
    figures = [finding for finding in findings if isinstance(finding, Figure)]
    if figures:
        parts.append(_table(figures))
    for plot in findings:
        if isinstance(plot, Plot):
            body = "\n".join(f"    {line}".rstrip() for line in str(plot).splitlines()[2:])
            parts.append(f"{plot.title}:\n\n.. code-block:: text\n\n{body}\n")
    return "\n".join(parts)


def page_of(chapters: Mapping[str, str]) -> str:
    """Return the documentation page in reStructuredText from its chapters by title."""
    return "\n".join([_HEAD, *(f"{title}\n{'-' * len(title)}\n\n{text}" for title, text in chapters.items())])


def chapters_of(page: str) -> dict[str, str]:
    """Return the chapters of a page by title."""
    _head, *parts = re.split(r"^(\S.*)\n-+\n\n", page, flags=re.MULTILINE)
    return {title: f"{text.rstrip()}\n" for title, text in zip(parts[::2], parts[1::2])}


def _table(figures: Sequence[Figure]) -> str:
    rows = [".. list-table::", "  :header-rows: 1", ""]
    for cells in [
        ("What", "Measured", "Bound", "How"),
        *((each.what, f"{format_number(each.value)} {each.unit}", each.wanted, each.remark) for each in figures),
    ]:
        first, *others = (f"- {cell}".rstrip() for cell in cells)
        rows += [f"  * {first}", *(f"    {cell}" for cell in others)]
    return "\n".join(rows) + "\n"


_HEAD = """\
..
  Copyright (c) 2026, selfservice.aws contributors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by ``make bench``: change tests/benchmarks instead.

.. _ansible_collections.selfservice.aws.docsite.guide_benchmarks:

Benchmarks
==========

This page compares the cost of the collection with the cost of doing the same without it. ``make bench`` measures it and
writes this page. The figures of a chapter are from one run. Compare the ratios rather than the seconds: the seconds
depend on the machine, while both sides of a ratio were measured on the same one.

Everything is measured against the emulator in this repository. It runs in a process of its own on the same machine and
uses a part of its CPU. Nothing on this page was measured against AWS.
"""
