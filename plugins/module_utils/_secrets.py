# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that masks: secret values in what users see, and characters that would steer their terminal.

The secrets of a run are known to the whole process, as Ansible's own are: whatever quotes foreign text in a message
calls mask(), and mask_result() masks the other foreign texts of a result.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from ._exceptions import InvalidInput

# From 2.22 on, ansible-core masks what it prints by secrets that are registered, and no results.
try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:
    register_secrets = None

MASK = "********"
SHORTEST_SECRET = 4
_SHORTEST_LINE = _SHORTEST_PREFIX = 8
# How html.escape and Jinja escape the quotation marks.
_HTML_QUOTES = (("&quot;", "&#x27;"), ("&quot;", "&#39;"), ("&#34;", "&#39;"), ('"', "'"))

# Results that are ids, fixed words or times, or messages in which mask() has masked what is quoted.
_NEVER_MASKED = re.compile(
    "(?:record|provisioned_product|product|provisioning_artifact|path|service_action|request|last_(?:.*_)?record)_id|id"
    "|(?:execute|idempotency)_token|change_id|region|status|outcome|(?:created|updated)_time"
    "|(?:record_|provisioned_product_)?type|code|accept_language|msg|error|hints|remaining|(?:before|after)_header"
)
# Results whose keys a user or a product chose.
_WITH_CHOSEN_KEYS = frozenset(("record_outputs", "record_tags", "tags", "parameters"))
# In foreign text, an id or a time of which a short secret is only a part.
_ID_OR_TIME = re.compile(
    r"\b(?:(?:rec|pp|prod|pa|act|lpv[0-9])-[a-z0-9]{13}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)\b"
)
_LONGEST_PART = 11
_CUT = re.compile(r"\.\.\.|…|$")


class Masker:
    """Masks secrets in texts, in whatever case, encoding, or prefix before a cut they occur.

    A form of a secret is looked up by its first characters and its length, so that a text costs about the same however
    many secrets there are.
    """

    def __init__(self) -> None:
        self.use(())

    def use(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, and no others."""
        self.forms = {form for secret in secrets for form in encoded_variants(secret)}
        self._sorted = sorted({_fold(form) for form in self.forms})
        self._by_length: dict[str, dict[int, set[str]]] = {}
        for form in self._sorted:
            self._by_length.setdefault(form[:SHORTEST_SECRET], {}).setdefault(len(form), set()).add(form)

    def mask(self, text: str) -> str:
        """Return the text with a mask for each secret, except where it is a small part of an id or a time."""
        folded, known = _fold(text), self._by_length
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

    def _end(self, folded: str, start: int, cuts: Iterable[int]) -> int:
        """Return where the longest secret that begins at `start` ends, or `start` if none does."""
        by_length = self._by_length[folded[start : start + SHORTEST_SECRET]]
        found = [start + length for length, forms in by_length.items() if folded[start : start + length] in forms]
        found += [cut for cut in cuts if self._is_prefix(folded[start:cut])]
        return max(found, default=start)

    def _is_prefix(self, text: str) -> bool:
        """Tell whether the text is the first half of a secret, or more of it."""
        if len(text) < _SHORTEST_PREFIX:
            return False
        for number in range(bisect_left(self._sorted, text), len(self._sorted)):
            if not self._sorted[number].startswith(text):
                return False
            if len(self._sorted[number]) <= 2 * len(text):
                return True
        return False


_MASKER = Masker()


def use_secrets(secrets: Iterable[str]) -> None:
    """Mask these values from now on, those that are long enough, and no others."""
    _MASKER.use(secrets)
    if register_secrets and _MASKER.forms:
        register_secrets(each for form in _MASKER.forms for each in (form, form.lower(), form.upper()))


def mask(text: object) -> str:
    """Return a foreign text with its secrets masked."""
    return _MASKER.mask(str(text)) if _MASKER.forms else str(text)


def mask_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result, or a part of one, with the secrets in its foreign texts masked."""
    return _mask_members(result) if _MASKER.forms else dict(result)


def find_exposed(result: Mapping[str, Any], secrets: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names of secrets that occur in what is never masked of a result, and that Ansible masks if it can."""
    if not register_secrets:
        return []
    text = "\n".join(_never_masked(result))
    return [
        name
        for name, values in secrets.items()
        if any(variant in text for value in values for variant in encoded_variants(value))
    ]


def check_secrets(secrets: Mapping[str, Iterable[str]]) -> None:
    """Reject secrets so short or so common that masking them would blank out much else."""
    for name, values in secrets.items():
        if any(len(value.strip()) < SHORTEST_SECRET or value.lower() in ("true", "false") for value in values):
            raise InvalidInput(
                f"sensitive_parameters has a boolean, or a value under {SHORTEST_SECRET} characters for "
                f"{mask(name)!r}. Masking it would blank out much of the result; give a longer one, or use parameters "
                "if it is no secret. Nothing was started."
            )


def encoded_variants(secret: str) -> set[str]:
    """Return the forms in which a secret may be echoed: as it is, trimmed, line by line, and in the usual encodings."""
    lines = secret.splitlines()
    texts = {secret, secret.strip(), "\n".join(lines), "\r\n".join(lines)}
    texts.update(line for line in map(str.strip, lines) if len(line) >= _SHORTEST_LINE)
    return {form for text in texts for form in _encode(text) if len(form.strip()) >= SHORTEST_SECRET}


def mask_parameters(parameters: Mapping[str, list[str]], secret_names: Iterable[str]) -> dict[str, list[str]]:
    """Return the parameters with each value of `secret_names` masked."""
    secret = set(secret_names)
    return {name: [MASK] * len(values) if name in secret else values for name, values in parameters.items()}


def printable(text: str) -> str:
    """Return a text for a terminal: characters that would steer it, or turn the direction of reading, are escaped."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _encode(text: str) -> Iterator[str]:
    yield from (text, printable(text), repr(text)[1:-1], repr(f'"{text}')[2:-1])
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (escaped, json.dumps(escaped)[1:-1], json.dumps(escaped, ensure_ascii=False)[1:-1])
    yield from (quote(text), quote(text, safe=""), quote_plus(text))
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield from (html.replace('"', double).replace("'", single) for double, single in _HTML_QUOTES)
    # A lone surrogate has no bytes.
    data = text.encode(errors="replace")
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield from (encoded, encoded.rstrip("="))
    yield data.hex()


def _fold(text: str) -> str:
    """Return a text of the same length in lower case, each character by itself."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def _is_part_of_id(text: str, start: int, end: int) -> bool:
    if end - start > _LONGEST_PART:
        return False
    return any(match.start() <= start and end <= match.end() for match in _ID_OR_TIME.finditer(text))


def _merge(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield spans, sorted by their start, with those joined that overlap or touch."""
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


def _mask_members(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value if _is_never_masked(key, value) else _mask_value(value, has_chosen_keys=key in _WITH_CHOSEN_KEYS)
        for key, value in members.items()
    }


def _mask_value(value: Any, *, has_chosen_keys: bool) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, (list, tuple)):
        return [_mask_value(each, has_chosen_keys=has_chosen_keys) for each in value]
    if not isinstance(value, Mapping):
        return value
    return _mask_chosen(value) if has_chosen_keys else _mask_members(value)


def _mask_chosen(members: Mapping[str, Any]) -> dict[str, Any]:
    """Mask all of a dict whose keys were chosen: keys that are equal then get a number."""
    masked: dict[str, Any] = {}
    for key, value in members.items():
        name, number = mask(key), 2
        while name in masked:
            name, number = f"{mask(key)} ({number})", number + 1
        masked[name] = _mask_value(value, has_chosen_keys=True)
    return masked


def _is_never_masked(key: str, value: Any) -> bool:
    return bool(_NEVER_MASKED.fullmatch(key)) and not isinstance(value, Mapping)


def _never_masked(members: Mapping[str, Any]) -> Iterator[str]:
    for key, value in members.items():
        if _is_never_masked(key, value):
            yield from map(str, value if isinstance(value, list) else [value])
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and key not in _WITH_CHOSEN_KEYS:
                yield from _never_masked(each)
