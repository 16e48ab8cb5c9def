# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error responses of the API."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error response, with its status and body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def validation_error(**errors: str) -> ApiError:
    """Return the error for invalid fields, each with its reason."""
    return ApiError(400, {field: [reason] for field, reason in errors.items()})


def bad_request(reason: str) -> ApiError:
    """Return the error for a request that is invalid as a whole."""
    return ApiError(400, {"error": reason})


def not_found() -> ApiError:
    """Return the error for an object or path that does not exist."""
    return ApiError(404, {"detail": "Not found."})


def permission_denied() -> ApiError:
    """Return the error for a request that the user has no permission for."""
    return ApiError(403, {"detail": "You do not have permission to perform this action."})


def method_not_allowed(method: str) -> ApiError:
    """Return the error for a method that the path does not support."""
    return ApiError(405, {"detail": f'Method "{method}" not allowed.'})
