# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variants of a text: encodings, other cases, and escaped control characters."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST_SECRET = 4
_SHORTEST_LINE = 8
# How html.escape, Jinja and XML escape the quotation marks.
_HTML_QUOTES = (("&quot;", "&#x27;"), ("&quot;", "&#39;"), ("&#34;", "&#39;"), ("&quot;", "&apos;"), ('"', "'"))


def encoded_variants(secret: str) -> set[str]:
    """Return the variants in which a secret may appear: unchanged, trimmed, line by line, and in common encodings."""
    lines = secret.splitlines()
    texts = {secret, secret.strip(), "\n".join(lines), "\r\n".join(lines)}
    texts.update(line for line in map(str.strip, lines) if len(line) >= _SHORTEST_LINE)
    # Non-ASCII text may have more characters in another case.
    texts.update(case for text in list(texts) if not text.isascii() for case in (text.upper(), text.casefold()))
    return {form for text in texts for form in _encode(text) if len(form.strip()) >= SHORTEST_SECRET}


def fold(text: str) -> str:
    """Fold the case of each character by itself, so that the text keeps its length."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := each.upper().lower()) == 1 else each for each in text)


def printable(text: str) -> str:
    """Return a text for a terminal; escape characters that control it or change the direction of text."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _encode(text: str) -> Iterator[str]:
    yield from (text, printable(text), repr(text)[1:-1], repr(f'"{text}')[2:-1])
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (
            escaped,
            escaped.replace("/", "\\/"),
            json.dumps(escaped)[1:-1],
            json.dumps(escaped, ensure_ascii=False)[1:-1],
        )
    # The URL encodings of Python, JavaScript and Java. A lone surrogate can't be encoded, so it is replaced.
    yield from (quote(text, safe=safe, errors="replace") for safe in ("/", "", "!'()*"))
    yield from (quote_plus(text, safe=safe, errors="replace") for safe in ("", "*"))
    yield quote_plus(text, safe="*", errors="replace").replace("~", "%7E")
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield from (html.replace('"', double).replace("'", single) for double, single in _HTML_QUOTES)
    data = text.encode(errors="replace")
    yield repr(data)[2:-1]
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield from (encoded, encoded.rstrip("="))
    yield data.hex()
