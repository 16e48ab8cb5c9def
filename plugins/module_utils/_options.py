# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument-spec pieces; each mirrors the doc fragment of the same name."""

from __future__ import annotations

from typing import Any


def execution() -> dict[str, dict[str, Any]]:
    """Return what runs a service action, whatever it runs on."""
    return {
        "service_action_id": {"type": "str"},
        "service_action_name": {"type": "str"},
        "parameters": {"type": "dict"},
        "sensitive_parameters": {"type": "dict", "no_log": True},
        "execute_token": {"type": "str", "no_log": False},
        "accept_language": {"type": "str", "choices": ["en", "jp", "zh"]},
    }


def waiting() -> dict[str, dict[str, Any]]:
    """Return how long to wait for records, and how often to look."""
    return {
        "wait_timeout": {"type": "int", "default": 1800},
        "wait_delay": {"type": "float"},
    }


def listing() -> dict[str, dict[str, Any]]:
    """Return what a listing covers, and how much of it to read."""
    return {
        "access_level": {"type": "str", "choices": ["account", "role", "user"], "default": "account"},
        "limit": {"type": "int"},
    }
