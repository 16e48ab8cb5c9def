# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expansion of a world's `generated`: many provisioned products that differ only in their number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NUMBER_PLACEHOLDER = re.compile(r"\{n(?::([^}]*))?\}")


def expand(raw: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Yield `count` provisioned products; replace `{n}`, or for example `{n:05}`, with the number of each."""
    members = {"id": f"pp-{number}-{{n:09}}", "name": f"fleet-{number}-{{n:05}}", **raw}
    count = members.pop("count", 0)
    for n in range(1, count + 1):
        yield {key: _format_number(value, n) for key, value in members.items()}


def _format_number(value: Any, n: int) -> Any:
    if isinstance(value, str):
        return _NUMBER_PLACEHOLDER.sub(lambda match: format(n, match.group(1) or ""), value)
    if isinstance(value, list):
        return [_format_number(item, n) for item in value]
    return {key: _format_number(item, n) for key, item in value.items()} if isinstance(value, dict) else value
