# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can fail with; the message is for the user, the facts go into the result."""

from __future__ import annotations

from typing import Any


class SelfServiceError(Exception):
    """A failure with its facts: keys of the result, and their values.

    Its text is what happened and how to continue; a run of many tells the latter once for all of them.
    """

    def __init__(self, what_happened: str, *, how_to_continue: str = "", **facts: Any) -> None:
        super().__init__(f"{what_happened} {how_to_continue}".rstrip())
        self.what_happened = what_happened
        self.how_to_continue = how_to_continue
        self.facts: dict[str, Any] = facts


class InvalidInput(SelfServiceError):
    """The task asks for something that can't be sent: an error in its arguments, found before anything is started."""


class NotFound(SelfServiceError):
    """Nothing has this name or id; the fact `choices` lists what exists."""


class Refused(SelfServiceError):
    """The service did not start the action, or would not: nothing was changed."""


class StartAbandoned(Refused):
    """The start was not sent, since the run ends."""


class ProductUnavailable(SelfServiceError):
    """The provisioned product was busy and did not become available: nothing was changed."""


class StartUnconfirmed(SelfServiceError):
    """The start was sent, and no usable response came back."""


class RecordFailed(SelfServiceError):
    """The record has ended as FAILED."""


class WaitTimedOut(SelfServiceError):
    """The record had not ended by the deadline; the action goes on."""


class PollingFailed(SelfServiceError):
    """The record can't be polled any further; the action goes on."""


class BulkFailed(SelfServiceError):
    """A bulk run has more errors than it may have, or targets that timed out."""


# What is found before a start, or comes instead of it.
NOT_STARTED = (InvalidInput, NotFound, ProductUnavailable, Refused)
