# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all benchmarks or the named ones, and write their chapters of the documentation page."""

from __future__ import annotations

import datetime
import os
import platform
import sys

from . import bulk, inventory, listing, picture, progress, role, single
from .figures import Figure, Measurement, chapter_of, chapters_of, line_of, page_of
from .processes import HERE

PAGE = HERE.parents[1] / "docs" / "docsite" / "rst" / "guide_benchmarks.rst"
CHAPTERS: dict[str, tuple[str, Measurement]] = {
    "starting": ("Starting 1,000 targets", bulk.measure_starting),
    "bulk": ("Running 1,000 targets to the end", bulk.measure_waiting),
    "growth": ("Scaling to 10,000 targets", bulk.measure_growth),
    "role": ("The role on 1,000 hosts", role.measure),
    "single": ("Overhead of one action", single.measure_cost),
    "waiting": ("Polling", single.measure_waiting),
    "listing": ("Listing products", listing.measure),
    "inventory": ("Inventory", inventory.measure),
    "progress": ("Showing progress", progress.measure),
}


def main(*names: str) -> int:
    """Measure, print and write the findings; return 1 if a bound is missed."""
    if names == ("picture",):
        picture.main()
        return 0
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    missed = 0
    for name in names or CHAPTERS:
        title, measure = CHAPTERS[name]
        print(f"== {title}", flush=True)
        findings = []
        for finding in measure():
            findings.append(finding)
            print(line_of(finding) if isinstance(finding, Figure) else f"\n{finding}\n", flush=True)
        missed += sum(isinstance(each, Figure) and not each.is_met for each in findings)
        chapters = chapters_of(PAGE.read_text(encoding="utf-8"))
        chapters[title] = chapter_of(findings, f"make bench ARGS={name}", machine, today)
        ordered = {title: chapters[title] for title, _measure in CHAPTERS.values() if title in chapters}
        PAGE.write_text(page_of(ordered), encoding="utf-8")
        print(f"written: {PAGE.relative_to(HERE.parents[1])}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
