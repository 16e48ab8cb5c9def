# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the page of the docs from pytest's JUnit report of the cases."""

from __future__ import annotations

import sys
from pathlib import Path

from .page import PAGE, page_of, survivors

if __name__ == "__main__":
    PAGE.write_text(page_of(survivors(Path(sys.argv[1]))), encoding="utf-8")
    print(f"written: {PAGE.relative_to(PAGE.parents[3])}")
