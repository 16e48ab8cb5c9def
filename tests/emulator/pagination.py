# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pagination with opaque tokens that are valid only for the operation and arguments of their request."""

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


class Paginator:
    """Splits lists into pages and rejects tokens of other paginators."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def page(
        self, items: Sequence[T], operation: str, *, parameters: Mapping[str, Any], max_size: int | None = None
    ) -> tuple[Sequence[T], dict[str, str]]:
        """Return the items of the requested page, and the NextPageToken member if there are more pages."""
        size = parameters.get("PageSize") or DEFAULT_PAGE_SIZE
        size = min(size, max_size) if max_size else size
        start = self._decode_token(operation, parameters)
        end = start + size
        next_page = {"NextPageToken": self._encode_token(end, operation, parameters)} if end < len(items) else {}
        return items[start:end], next_page

    def _decode_token(self, operation: str, parameters: Mapping[str, Any]) -> int:
        token = parameters.get("PageToken")
        if token is None:
            return 0
        try:
            offset = int(base64.urlsafe_b64decode(token.encode()).split(b".")[0])
        except (ValueError, binascii.Error):
            offset = -1
        expected = self._encode_token(offset, operation, parameters)
        if offset < 0 or not hmac.compare_digest(token.encode(), expected.encode()):
            raise InvalidParameters(f"Invalid page token: {token}")
        return offset

    def _encode_token(self, offset: int, operation: str, parameters: Mapping[str, Any]) -> str:
        arguments = {name: value for name, value in parameters.items() if name not in ("PageToken", "PageSize")}
        text = json.dumps([offset, operation, arguments], sort_keys=True)
        signature = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]
        return base64.urlsafe_b64encode(f"{offset}.{signature}".encode()).decode()
