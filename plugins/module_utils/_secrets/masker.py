# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the secrets of this process, and mask them in texts.

Like Ansible's own, the secrets are global to the process. All code that quotes foreign text in a message calls mask().
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .._exceptions import InvalidInput
from .encodings import SHORTEST_SECRET, encoded_variants, fold

# From 2.22 on, ansible-core masks registered secrets in its output, but not in results.
try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:
    register_secrets = None

MASK = "********"
_SHORTEST_PREFIX = 8
# Ids and times in foreign text, of which a short secret may be only a part. The window is longer than any of them.
_ID_OR_TIME = re.compile(
    r"\b(?:(?:rec|pp|prod|pa|act|lpv[0-9])-[a-z0-9]{13}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9]{8}T[0-9]{6}Z|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?)\b"
)
_ID_WINDOW = 64
_LONGEST_PART = 11
_CUT = re.compile(r"\s?\[?(?:\.\.\.|…|\\u2026)|$")


class Masker:
    """Masks secrets in texts, in any case, in common encodings, and as a prefix where a text was cut.

    Variants are looked up by their first characters and length, so the cost hardly depends on the number of secrets.
    """

    def __init__(self) -> None:
        self.use(())

    def use(self, secrets: Iterable[str]) -> None:
        """Replace the secrets to mask."""
        self.secrets = set(secrets)
        self.forms = {form for secret in self.secrets for form in encoded_variants(secret)}
        self._longest = max(map(len, self.forms), default=0)
        self._sorted = sorted({fold(form) for form in self.forms})
        self._by_length: dict[str, dict[int, set[str]]] = {}
        for form in self._sorted:
            self._by_length.setdefault(form[:SHORTEST_SECRET], {}).setdefault(len(form), set()).add(form)

    def mask(self, text: str) -> str:
        """Return the text with each secret masked, except where it is a small part of an id or a time."""
        folded, known = fold(text), self._by_length
        starts = [each for each in range(len(text) - 3) if folded[each : each + SHORTEST_SECRET] in known]
        if not starts:
            return text
        cuts = [match.start() for match in _CUT.finditer(text)]
        parts, done = [], 0
        for start, end in _merge((start, self._end(folded, start, cuts)) for start in starts):
            if not _is_part_of_id(text, start, end):
                parts += [text[done:start], MASK]
                done = end
        return "".join([*parts, text[done:]])

    def _end(self, folded: str, start: int, cuts: list[int]) -> int:
        """Return where the longest secret that begins at `start` ends, or `start` if none does."""
        by_length = self._by_length[folded[start : start + SHORTEST_SECRET]]
        found = [start + length for length, forms in by_length.items() if folded[start : start + length] in forms]
        near = range(bisect_left(cuts, start + _SHORTEST_PREFIX), bisect_left(cuts, start + self._longest))
        found += [cuts[each] for each in near if self._is_prefix(folded[start : cuts[each]])]
        return max(found, default=start)

    def _is_prefix(self, text: str) -> bool:
        """Return whether the text is a prefix of a secret with at least half of its length."""
        for number in range(bisect_left(self._sorted, text), len(self._sorted)):
            if not self._sorted[number].startswith(text):
                return False
            if len(self._sorted[number]) <= 2 * len(text):
                return True
        return False


_MASKER = Masker()


def use_secrets(secrets: Iterable[str]) -> None:
    """Replace the secrets to mask; values that are too short are ignored."""
    _MASKER.use(secrets)
    if register_secrets and _MASKER.forms:
        register_secrets(each for form in _MASKER.forms for each in (form, form.lower(), form.upper()))


def use_more_secrets(secrets: Iterable[str]) -> None:
    """Add values to the secrets to mask."""
    use_secrets({*_MASKER.secrets, *secrets})


def mask(text: object) -> str:
    """Return a text with its secrets masked."""
    return _MASKER.mask(str(text)) if _MASKER.forms else str(text)


def check_secrets(secrets: Mapping[str, Iterable[str]]) -> None:
    """Reject secrets that are so short or so common that masking them would hide other text."""
    for name, values in secrets.items():
        given = [value.strip() for value in values]
        problem = ""
        if {value.lower() for value in given} & {"true", "false"}:
            problem = "a boolean"
        elif min(map(len, given), default=SHORTEST_SECRET) < SHORTEST_SECRET:
            problem = f"a value under {SHORTEST_SECRET} characters"
        if problem:
            raise InvalidInput(
                f"sensitive_parameters has {problem} for {mask(name)!r}. Masking it would hide much of the "
                "result; use a longer value or, if it is not a secret, give it in parameters instead."
            )


def mask_keys(members: Mapping[Any, Any], mask_text: Callable[[str], str]) -> dict[str, Any]:
    """Return a dict with its keys masked; masked keys that are equal get a number."""
    masked: dict[str, Any] = {}
    for key, value in members.items():
        name, number = mask_text(str(key)), 2
        while name in masked:
            name, number = f"{mask_text(str(key))} ({number})", number + 1
        masked[name] = value
    return masked


def mask_parameters(parameters: Mapping[str, list[str]], secret_names: Iterable[str]) -> dict[str, list[str]]:
    """Return the parameters with each value of `secret_names` masked."""
    secret = set(secret_names)
    return {name: [MASK] * len(values) if name in secret else values for name, values in parameters.items()}


def secrets_in(given: Any) -> set[str]:
    """Return the secrets in the value of an option: all its texts, and each word in case it can't be parsed."""
    if given is None:
        return set()
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return {*re.split(r"[\s=:,'\"{}\[\]]+", text), *_texts_in(given)}


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, (list, Mapping)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(each)
    elif value is not None:
        yield str(value)


def _is_part_of_id(text: str, start: int, end: int) -> bool:
    if end - start > _LONGEST_PART:
        return False
    near = _ID_OR_TIME.finditer(text, max(0, start - _ID_WINDOW), end + _ID_WINDOW)
    return any(match.start() <= start and end <= match.end() for match in near)


def _merge(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join the spans that overlap or touch; they are sorted by their start."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if end == start:
            continue
        if last and start <= last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last:
            yield last
        last = (start, end)
    if last:
        yield last
