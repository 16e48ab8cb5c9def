# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all benchmarks, or those named, one after the other; all of them write the page of the docs."""

from __future__ import annotations

import datetime
import os
import platform
import sys

from . import bulk, inventory, listing, single
from .figures import Figure, Finding, Measurement, line_of, page_of
from .processes import HERE

PAGE = HERE.parents[1] / "docs" / "docsite" / "rst" / "guide_benchmarks.rst"
CHAPTERS: dict[str, tuple[str, Measurement]] = {
    "starting": ("Starting a thousand", bulk.measure_starting),
    "bulk": ("Running a thousand to the end", bulk.measure_waiting),
    "growth": ("Growing to ten thousand", bulk.measure_growth),
    "single": ("One action", single.measure_cost),
    "waiting": ("Waiting", single.measure_waiting),
    "listing": ("Listing", listing.measure),
    "inventory": ("Inventory", inventory.measure),
}


def main(*names: str) -> int:
    """Measure and print; return 1 if a bound is missed."""
    found: dict[str, list[Finding]] = {}
    for name in names or CHAPTERS:
        title, measure = CHAPTERS[name]
        print(f"== {title}", flush=True)
        found[title] = []
        for finding in measure():
            found[title].append(finding)
            print(line_of(finding) if isinstance(finding, Figure) else f"\n{finding}\n", flush=True)
    if not names:
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        PAGE.write_text(page_of(found, machine, today), encoding="utf-8")
        print(f"written: {PAGE.relative_to(HERE.parents[1])}")
    missed = [each for chapter in found.values() for each in chapter if isinstance(each, Figure) and not each.is_met]
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
