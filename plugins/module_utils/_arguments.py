# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, each of which mirrors the doc fragment of the same name, and checks of option values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ._exceptions import InvalidInput
from ._secrets.masker import mask
from ._servicecatalog.models import LIMITS, check_identifier
from ._servicecatalog.products import STATUSES

# The options that identify the provisioned product and the service action; exactly one of each pair is given.
PRODUCT = ("provisioned_product_id", "provisioned_product_name")
ACTION = ("service_action_id", "service_action_name")
# 90 days, more than any automation may take.
_LONGEST_WAIT = 90 * 24 * 3600
# More than an account can have.
_LARGEST_LIMIT = 10**9


def execution() -> dict[str, dict[str, Any]]:
    """Return the options of modules that run a service action."""
    return {
        "service_action_id": {"type": "str"},
        "service_action_name": {"type": "str"},
        "parameters": {"type": "dict"},
        "sensitive_parameters": {"type": "dict", "no_log": True},
        "change_id": {"type": "raw"},
        "retry_failed": {"type": "bool", "default": False},
        "wait_until_available": {"type": "bool", "default": False},
        "accept_language": {"type": "str", "choices": ["en", "jp", "zh"]},
    }


def waiting() -> dict[str, dict[str, Any]]:
    """Return the options for waiting: the timeout and the polling interval."""
    return {
        "wait_timeout": {"type": "int", "default": 1800},
        "wait_delay": {"type": "float"},
    }


def listing() -> dict[str, dict[str, Any]]:
    """Return the options for the scope of a listing."""
    return {"access_level": {"type": "str", "choices": ["account", "role", "user"]}}


def limit() -> dict[str, dict[str, Any]]:
    """Return the options for the length of a listing."""
    return {"limit": {"type": "int"}}


def check_identifiers(params: Mapping[str, Any]) -> None:
    """Reject ids, names and tokens that the service would not accept, alone or in a list (`record_ids`)."""
    for option in LIMITS:
        if params.get(option) is not None:
            check_identifier(option, params[option])
        for number, value in enumerate(params.get(f"{option}s") or []):
            check_identifier(option, value, label=f"{option}s[{number}]")


def check_one_given(params: Mapping[str, Any], *groups: Iterable[str]) -> None:
    """Reject groups of options in which all are null; Ansible's own checks treat null as given."""
    for options in map(list, groups):
        if all(params.get(option) is None for option in options):
            raise InvalidInput(f"One of {', '.join(options)} must have a value other than null.")


def check_limit(params: Mapping[str, Any]) -> None:
    """Reject a `limit` that is out of range."""
    if params["limit"] is not None and not 1 <= params["limit"] <= _LARGEST_LIMIT:
        raise InvalidInput(f"limit must be between 1 and {_LARGEST_LIMIT}, not {_shown(params['limit'])}.")


def check_search(params: Mapping[str, Any], warn: Callable[[str], None]) -> None:
    """Reject an empty term in `search_query`, such as that of an empty variable, because it would match every product.

    Warn if a task with a change_id searches for something that the actions change.
    """
    terms = [term.strip() for term in params["search_query"] or []]
    if not all(terms):
        raise InvalidInput("search_query has an empty term; use terms such as productName:Database.")
    if params["change_id"] is not None and any(map(_may_match_a_status, terms)):
        warn(
            "search_query has a term that may match a status or lastRecordId, which change while actions run. Products "
            "whose action was started before may not be found again, and are then not waited for. Use ids or names, or "
            "search for something that does not change."
        )


def _may_match_a_status(term: str) -> bool:
    """Return whether a term searches the status or the last record, or is a word that is part of a status."""
    field, colon, _value = term.partition(":")
    return field in ("status", "lastRecordId") if colon else any(term.upper() in status for status in STATUSES)


def is_search(params: Mapping[str, Any]) -> bool:
    """Return whether a task searches; an empty search, such as an empty variable, means no products instead of all."""
    given = [params[option] for option in ("search_query", "tags") if params[option] is not None]
    return bool(given) and all(given)


def check_waiting(params: Mapping[str, Any]) -> None:
    """Reject a wait_timeout or a wait_delay that is out of range."""
    if not 0 <= params["wait_timeout"] <= _LONGEST_WAIT:
        raise InvalidInput(
            f"wait_timeout must be between 0 and {_LONGEST_WAIT} seconds, not {_shown(params['wait_timeout'])}."
        )
    delay = params.get("wait_delay")
    if delay is not None and not 0 < delay <= _LONGEST_WAIT:
        raise InvalidInput(
            f"wait_delay must be more than 0 and at most {_LONGEST_WAIT} seconds, not {delay}. Omit it for "
            "adaptive polling."
        )


def _shown(number: int) -> str:
    """Return an integer as text; Python does not convert one with thousands of digits."""
    return str(number) if abs(number) < 10**20 else "a number of more than 20 digits"


def parse_time(option: str, text: str) -> datetime:
    """Parse a time in ISO 8601, as UTC if it has no offset."""
    try:
        time = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise InvalidInput(
            f"{option} must be a time in ISO 8601, such as 2026-11-22 or 2026-11-22T06:00:00Z, not {mask(text)!r}."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
