# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many targets run at once and how many may fail, as counts or percentages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ._exceptions import InvalidInput
from ._secrets.masker import mask


class Budget(NamedTuple):
    """The most targets that run at once, and the most errors before no more start; named as in Systems Manager."""

    max_concurrency: int
    max_errors: int


def budget_of(params: Mapping[str, Any], total: int) -> Budget:
    """Return the budget of a task that has `total` targets."""
    return Budget(
        parse_count("max_concurrency", params["max_concurrency"], total, least=1),
        parse_count("max_errors", params["max_errors"], total, least=0),
    )


def parse_count(option: str, text: str, total: int, *, least: int) -> int:
    """Return a count that is given as a number or as a percentage of `total`, rounded down, but at least `least`."""
    match = re.fullmatch(r"([0-9]{1,9})(%?)", text.strip())
    if match is None or int(match[1]) < least or (match[2] and int(match[1]) > 100):
        given = mask(text)
        given = given if len(given) <= 40 else f"{given[:40]}..."
        raise InvalidInput(
            f"{option} must be a count of {least} or more, or a percentage from {least}% to 100%, not {given!r}."
        )
    number = int(match[1])
    return max(least, number * total // 100) if match[2] else number
