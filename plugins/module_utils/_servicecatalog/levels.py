# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access levels: whether a listing covers the whole account, the caller's role, or only the user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from .errors import SERVICE_ERRORS, CallAbandoned, ListingDenied, is_access_denied

# Widest first. IAM grants each level by a condition key; a level includes those after it.
LEVELS = ("account", "role", "user")
SEARCH, HISTORY = "SearchProvisionedProducts", "ListRecordHistory"
_LISTED = {SEARCH: "provisioned products", HISTORY: "records"}

# Tells whether there is time for another call.
Check = Callable[[], bool]


def always() -> bool:
    """Return True, because there is no time limit."""
    return True


def access_level_filter(level: str) -> dict[str, str]:
    """Return the AccessLevelFilter for a level."""
    return {"Key": level.capitalize(), "Value": "self"}


class AccessLevels:
    """The access level of each listing: `given`, or else the widest that the caller may read.

    The widest level is determined once for each operation and kept in `found`.
    """

    def __init__(self, given: str | None = None) -> None:
        self.found: dict[str, str] = {}
        self._given = given

    def read(
        self, operation: str, read_at: Callable[[str], Iterator[dict]], may_continue: Check = always
    ) -> Iterator[dict]:
        """Yield the pages that `read_at` returns for a level; if the first page is denied, try the next level.

        Once `may_continue` returns False, CallAbandoned is raised instead.
        """
        known = self._given or self.found.get(operation)
        denied: BaseException | None = None
        for level in [known] if known else LEVELS:
            if denied and not may_continue():
                raise CallAbandoned(f"no time was left for {operation} at another access level")
            pages = read_at(level)
            try:
                first = next(pages, {})
            except SERVICE_ERRORS as error:  # pylint: disable=catching-non-exception
                if not is_access_denied(error):
                    raise
                denied = error
            else:
                self.found[operation] = level
                yield first
                yield from pages
                return
        raise ListingDenied(denied, self._given) from denied

    def warn(self, operation: str, warn: Callable[[str], None]) -> None:
        """Warn if a listing covers less than the account and the task did not ask for that level."""
        level = self.found.get(operation, LEVELS[0])
        if level != self._given and level != LEVELS[0]:
            warn(describe_narrow_level(operation, level))


def describe_narrow_level(operation: str, level: str, where: str = "") -> str:
    """Return the warning that a listing covers less than the account."""
    return (
        f"{operation} is not allowed for the whole account{where}, so only the {_LISTED[operation]} of this {level} "
        f"are listed. To avoid this warning, set access_level: {level}."
    )
