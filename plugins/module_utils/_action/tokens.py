# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The id of a change, and the idempotency tokens that are derived from it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import uuid
from collections.abc import Collection
from typing import Any, NamedTuple

from .._exceptions import InvalidInput
from .._secrets.masker import mask
from .._servicecatalog.models import Parameters

_LONGEST_ID = 512


class Change(NamedTuple):
    """The change that a run belongs to: its id, or the token that was given instead.

    `is_new`: whether the id was made for this run, so that none of its tokens has been used before.
    """

    id: str | None
    is_new: bool = False
    given_token: str | None = None

    def token(
        self,
        product_id: str,
        action_id: str,
        *,
        parameters: Parameters,
        secret_names: Collection[str],
        attempt: int = 1,
    ) -> str:
        """Return the given token, or a SHA-256 of the change, product, action, parameters and attempt.

        Of secret parameters only the names are hashed, because a short value could be guessed from its hash.
        """
        if self.given_token:
            return self.given_token
        plain = {name: values for name, values in parameters.items() if name not in secret_names}
        parts = [self.id, product_id, action_id, plain, sorted(secret_names), attempt]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def same_task(self) -> str:
        """The phrase for running the task of this change again."""
        return f"this task again with {self.option}"

    @property
    def option(self) -> str:
        """The option, as YAML, that makes another run of the task continue this change."""
        name, text = ("execute_token", str(self.given_token)) if self.id is None else ("change_id", self.id)
        # Quote other texts: YAML may read them as a number, a time or a structure, or they may end with a full stop,
        # which would be taken for the end of the sentence.
        is_plain = re.fullmatch(r"[A-Za-z]+[-_.][A-Za-z0-9_.-]*[A-Za-z0-9]", text)
        return f"{name}: {text if is_plain else json.dumps(text, ensure_ascii=False)}"


def change_of(change_id: Any, execute_token: str | None = None, *, retry_failed: bool = False) -> Change:
    """Return the change of a task's options, or a new one if both are None."""
    if retry_failed and change_id is None:
        raise InvalidInput("retry_failed requires change_id: it retries what earlier runs of that change started.")
    if execute_token:
        return Change(None, given_token=execute_token)
    if change_id is None:
        return Change(str(uuid.uuid4()), is_new=True)
    text = unicodedata.normalize("NFC", _read_text(change_id)).strip()
    if not 1 <= len(text) <= _LONGEST_ID:
        raise InvalidInput(f"change_id must have 1 to {_LONGEST_ID} characters, not {len(text)}.")
    if not text.isprintable():
        raise InvalidInput(f"change_id must have only printable characters, not {mask(text)!r}.")
    return Change(text)


def _read_text(change_id: Any) -> str:
    """Return the text of a change_id; reject values that YAML has not read as a string or an integer."""
    if isinstance(change_id, bool) or not isinstance(change_id, (str, int)):
        # Quote only scalars, because a list or a dict may be of any length.
        value = f" ({mask(change_id)})" if isinstance(change_id, (bool, float)) else ""
        kind = type(change_id).__name__
        raise InvalidInput(f"change_id was read as a {kind}{value}; quote it, so that YAML does not convert it.")
    if isinstance(change_id, int) and abs(change_id) >= 10**_LONGEST_ID:
        # Python does not convert integers with thousands of digits to text.
        raise InvalidInput(f"change_id must have 1 to {_LONGEST_ID} characters, not more digits than that.")
    return str(change_id)
