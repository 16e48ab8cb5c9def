# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that a task can fail with; their text is for the user, and their facts go into the result."""

from __future__ import annotations

from typing import Any

# Part of the message of an unforeseen error, after which it is unknown what was started.
THIS_IS_A_BUG = "This is a bug of selfservice.aws; please report it."


class SelfServiceError(Exception):
    """A failure, with facts that become keys of the result.

    Its text says what happened and how to continue. A bulk run says the latter once for all targets.
    """

    def __init__(self, what_happened: str, *, how_to_continue: str = "", **facts: Any) -> None:
        super().__init__(f"{what_happened} {how_to_continue}".rstrip())
        self.what_happened = what_happened
        self.how_to_continue = how_to_continue
        self.facts: dict[str, Any] = facts


class InvalidInput(SelfServiceError):
    """The arguments of the task are invalid; raised before anything is started."""


class NotFound(SelfServiceError):
    """Nothing exists with this name or id; the fact `choices` lists what exists."""


class Refused(SelfServiceError):
    """The service refused to start the action, or would refuse; nothing was changed."""


class StartAbandoned(Refused):
    """The start request was not sent, because the run was ending."""


class ProductUnavailable(SelfServiceError):
    """The provisioned product was busy and did not become available: nothing was changed."""


class StartUnconfirmed(SelfServiceError):
    """The start request was sent, but no usable response was received."""


class RecordFailed(SelfServiceError):
    """The record FAILED."""


class WaitTimedOut(SelfServiceError):
    """The record had not ended by the deadline; the action continues."""


class PollingFailed(SelfServiceError):
    """The record can't be polled any further; the action continues."""


class BulkFailed(SelfServiceError):
    """A bulk run had too many errors, targets that timed out, or no free slot for the rest, or was interrupted."""


# Errors that mean that the action was not started.
NOT_STARTED = (InvalidInput, NotFound, ProductUnavailable, Refused)
