# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces texts that identify an account, its products or its users with labels such as pp-1 and account-1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Members that are not replaced: their values are constants of the service or keys of outputs.
_KEPT = {
    "AccessLevelFilter",
    "Code",
    "DefinitionType",
    "OutputKey",
    "ProvisionedProductType",
    "RecordType",
    "ResponseMetadata",
    "SortBy",
    "SortOrder",
    "Status",
    "Type",
}
_EXECUTION_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Texts that are replaced even if they were not learned. The first matching pattern determines the label.
_PATTERNS = {
    "arn": r"arn:[\w-]*:[^\s\"',;]*[\w/*]",
    "url": r"\w+://[^\s\"',;]*[\w/]",
    "email": r"[\w.+-]+@[\w.-]*\w",
    "id": rf"\b{_EXECUTION_ID}\b|\b(?:pp|rec|act|prod|pa|lpv\d)-[a-z0-9]{{13}}\b|\b(?:AKIA|ASIA)[A-Z0-9]{{8,}}\b",
    "ip": r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
    "account": r"\b\d{12}\b",
}
_OWN_PREFIX = re.compile(r"(pp|rec|act|prod|pa)-\w+")
# A learned text of at least this length is replaced as a whole, even if a part of it matches a pattern.
_LONG = 16


def is_execution_id(text: Any) -> bool:
    """Return whether a text has the form of the id of an Automation execution."""
    return bool(re.fullmatch(_EXECUTION_ID, str(text)))


class Anonymizer:
    """Replaces learned texts, and all texts that have the form of an ARN, an id, an account or an address.

    The same text always gets the same label.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def learn(self, value: Any, kind: str = "value") -> None:
        """Learn all texts in a request or response, except those of members that are not replaced."""
        if isinstance(value, Mapping):
            for name, each in value.items():
                if name not in _KEPT:
                    self.learn(each, "name" if name.endswith("Name") else "value")
        elif isinstance(value, (list, tuple)):
            for each in value:
                self.learn(each, kind)
        elif isinstance(value, str) and value.strip():
            # The text itself, and the forms in which a message may quote it.
            for form in (value.strip(), repr(value)[1:-1].strip(), json.dumps(value)[1:-1].strip()):
                self._known.setdefault(form, kind)

    def text(self, text: str) -> str:
        """Return a text in which everything that identifies the account is replaced."""
        long = [each for each in self._known if len(each) >= _LONG]
        short = [each for each in self._known if len(each) < _LONG]
        parts = filter(None, [_any_of(long), *_PATTERNS.values(), _any_of(short)])
        return re.sub("|".join(parts), self._label, text, flags=re.IGNORECASE)

    def _label(self, match: re.Match[str]) -> str:
        text = match.group()
        key = text.casefold()
        if key not in self._labels:
            prefix = _OWN_PREFIX.fullmatch(text)
            kind = prefix[1] if prefix else _form_of(text) or self._known.get(text, "value")
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._labels[key] = f"{kind}-{self._counts[kind]}"
        return self._labels[key]


def _form_of(text: str) -> str | None:
    return next((kind for kind, pattern in _PATTERNS.items() if re.fullmatch(pattern, text, re.IGNORECASE)), None)


def _any_of(texts: Iterable[str]) -> str:
    """Return a pattern that matches the texts as whole words and prefers longer ones."""
    found = [re.escape(each) for each in sorted(texts, key=len, reverse=True)]
    return rf"(?<![A-Za-z0-9])(?:{'|'.join(found)})(?![A-Za-z0-9])" if found else ""
