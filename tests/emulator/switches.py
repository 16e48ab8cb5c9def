# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches for behavior that AWS does not document."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Switches:
    """The emulator's choice for each undocumented behavior. Times are in seconds."""

    record_type: str = "EXECUTE_PROVISIONED_PRODUCT_SERVICE_ACTION"
    product_status_while_running: str = "AVAILABLE"
    token_conflict: str = "replay"
    token_lifetime: float | None = None
    replay_detail: str = "current"
    replay_while_busy: str = "accept"
    describable_after: float = 0.0
    describe_lag: float = 0.0
    history_order: str = "newest"
    search_terms: str = "all"
    sessions_share_user_level: bool = False
    page_size: int | None = None
    session_seconds: float | None = None
    signature_seconds: float | None = 300.0
    regions: Sequence[str] | None = None


CHOICES = {
    "product_status_while_running": ("AVAILABLE", "UNDER_CHANGE"),
    "token_conflict": ("replay", "refuse"),
    "replay_detail": ("current", "original"),
    "replay_while_busy": ("accept", "refuse"),
    "history_order": ("newest", "oldest", "random"),
    "search_terms": ("all", "any"),
    "sessions_share_user_level": (True, False),
}


def change_switches(switches: Switches, changes: Mapping[str, Any]) -> Switches:
    """Return the switches with some of them changed; raise ValueError for an unknown switch or value."""
    known = [item.name for item in dataclasses.fields(Switches)]
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"unknown switch {name!r}; the switches are {', '.join(known)}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}, not {value!r}")
    return dataclasses.replace(switches, **changes)
