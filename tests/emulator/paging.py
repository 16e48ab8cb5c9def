# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages and their tokens: opaque, and good only for the operation and arguments that they were made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from .exceptions import InvalidParameters

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 20


class Pager:
    """Cuts lists into pages; tokens of another pager are refused."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def page(
        self, items: Sequence[T], operation: str, *, parameters: Mapping[str, Any], cap: int | None = None
    ) -> tuple[Sequence[T], dict[str, str]]:
        """Return the items of the page asked for, and the answer's NextPageToken member if there is another page."""
        size = parameters.get("PageSize") or DEFAULT_PAGE_SIZE
        size = min(size, cap) if cap else size
        start = self._offset(operation, parameters)
        end = start + size
        more = {"NextPageToken": self._token(end, operation, parameters)} if end < len(items) else {}
        return items[start:end], more

    def _offset(self, operation: str, parameters: Mapping[str, Any]) -> int:
        token = parameters.get("PageToken")
        if token is None:
            return 0
        try:
            offset = int(base64.urlsafe_b64decode(token.encode()).split(b".")[0])
        except (ValueError, binascii.Error):
            offset = -1
        if offset < 0 or not hmac.compare_digest(token.encode(), self._token(offset, operation, parameters).encode()):
            raise InvalidParameters(f"Invalid page token: {token}")
        return offset

    def _token(self, offset: int, operation: str, parameters: Mapping[str, Any]) -> str:
        asked = {name: value for name, value in parameters.items() if name not in ("PageToken", "PageSize")}
        text = json.dumps([offset, operation, asked], sort_keys=True)
        seal = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]
        return base64.urlsafe_b64encode(f"{offset}.{seal}".encode()).decode()
