# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API answers when it refuses."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer with an error status, and the body that says why."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def invalid(**errors: str) -> Refusal:
    """Return the refusal of fields, each with its reason."""
    return Refusal(400, {field: [reason] for field, reason in errors.items()})


def broken(reason: str) -> Refusal:
    """Return the refusal of a document as a whole."""
    return Refusal(400, {"error": reason})


def not_found() -> Refusal:
    """Return the answer for what is not there."""
    return Refusal(404, {"detail": "Not found."})
