# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masking hides every encoding of a secret, but no id or other value that is needed to continue."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.encodings import printable
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.masker import MASK, mask, use_secrets
from ansible_collections.selfservice.aws.plugins.module_utils._secrets.results import mask_options, mask_result
from hypothesis import given
from hypothesis import strategies as st

SECRET = "S3cr3t \"Pa/ss&wörd\\1234 <it's>"
KEY = "-----BEGIN KEY-----\nc29tZSBrZXk=\nZm9yIGEgdGVzdA==\nx\n-----END KEY-----"
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "JSON": json.dumps,
    "JSON as UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"password": text})),
    "repr": repr,
    "repr beside the other quote": lambda text: repr([f"\"'{text}"]),
    "URL path": quote,
    "URL in lower case hex": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML text": lambda text: html.escape(text, quote=False),
    "Jinja": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "terminal": printable,
    "bytes": lambda text: repr(text.encode(errors="replace")),
    "JSON with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "XML": lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    "URL by JavaScript": lambda text: quote(text, safe="!'()*", errors="replace"),
    "form by Java": lambda text: quote_plus(text, safe="*", errors="replace").replace("~", "%7E"),
}


@pytest.fixture(autouse=True)
def _reset_secrets() -> Iterator[None]:
    yield
    use_secrets([])


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("secret", [SECRET, f"  {SECRET}\n", KEY, "geheim\x1b[2Jä"])
def test_each_encoding_of_a_secret_is_masked(secret: str, encode: Callable[[str], str]) -> None:
    use_secrets([secret])
    trimmed = encode(secret.strip())
    masked = mask(f"password: {encode(secret)}, then {trimmed}.")
    assert trimmed not in masked
    assert masked.startswith("password: ")
    assert masked.endswith(".")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\n    "])
def test_the_lines_of_a_secret_are_masked_with_any_line_ending(ending: str) -> None:
    use_secrets([KEY])
    masked = mask(KEY.replace("\n", ending))
    assert "c29tZSBrZXk=" not in masked
    assert "KEY" not in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("it is hunter2-hun", "it is ********"),
        ("it is hunter2-hun... and more", "it is ********... and more"),
        ("it is hunter2-hun… and more", "it is ********… and more"),
        ("it is hunter2-hun [...] and more", "it is ******** [...] and more"),
        ("it is hunter2-hun\\u2026 and more", "it is ********\\u2026 and more"),
        ("it is hunter2-hun and more", "it is hunter2-hun and more"),
        ("it is hunter2", "it is hunter2"),
        ("hunter2-hunter2-ahunter2-hunter2-a", "********"),
        ("hunter2-hunter2-ahunter2-hun", "********"),
    ],
)
def test_the_first_half_of_a_secret_is_masked_at_the_end_of_a_truncated_text(text: str, masked: str) -> None:
    use_secrets(["hunter2-hunter2-a"])
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Record rec-ab1234cdefghi is not there",
        "pp-1234567890abc",
        "created 2026-11-26T12:34:56+00:00",
        "execution 1234abcd-0000-4000-8000-123456781234",
        "Signature expired: 20261126T030619Z is now earlier than 2026-11-26 12:34:56, 2026-11-26T12:34Z",
    ],
)
def test_ids_and_times_in_text_of_the_service_are_not_masked(text: str) -> None:
    use_secrets(["1234", "2026", "2026-11-26"])
    assert mask(text) == text
    assert mask("1234, 2026") == "********, ********"


def test_a_secret_that_is_most_of_an_id_is_masked() -> None:
    use_secrets(["correcthorse1"])
    assert mask("prod-correcthorse1") == "prod-********"


@given(
    st.text(st.characters(), min_size=4, max_size=40),
    st.sampled_from(sorted(ENCODINGS)),
    st.text(max_size=9),
    st.text(max_size=9),
)
def test_no_secret_is_left_in_any_text(secret: str, encoding: str, before: str, after: str) -> None:
    use_secrets([secret])
    try:
        form = ENCODINGS[encoding](secret)
    except UnicodeEncodeError:  # A lone surrogate can't be encoded.
        return
    if len(secret.strip()) >= 4:
        assert form.strip() not in mask(before + form + after).replace(MASK, "\0")


def test_generated_values_are_not_masked_and_all_others_are() -> None:
    use_secrets(["1234", "2026", "failed", "orders"])
    own = {
        "record_id": "rec-ab1234cdefghi",
        "status": "FAILED",
        "outcome": "failed",
        "created_time": "2026-11-26T00:00:00+00:00",
        "execute_token": "1234",
        "change_id": "CHG-1234",
        "code": "Failed2026",
        "msg": "It failed.",
        "remaining": ["pp-1234567890abc"],
        "choices": ["pp-orders"],
        "changed": True,
    }
    foreign = {"provisioned_product_name": "orders-db", "names": ["orders-db"], "exception": "failed"}
    masked = mask_result({**own, **foreign, "nested": [own]})
    assert masked == {
        **own,
        "provisioned_product_name": "********-db",
        "names": ["********-db"],
        "exception": "********",
        "nested": [own],
    }


@pytest.mark.parametrize(
    "secret",
    ["straße12", "κωδικος1", "100µm-abc", "kapı1234", "ŉabcd12", "ab\udc80cdef1"],  # noqa: RUF001
)
def test_secrets_in_another_case_are_masked_in_all_scripts(secret: str) -> None:
    use_secrets([secret])
    assert [mask(secret.upper()), mask(secret.lower()), mask(f"x {secret}")] == [MASK, MASK, f"x {MASK}"]


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("test", "a test of it, " * 30_000),
        ("2026", "2026-11-26T12:34:56+00:00 " * 20_000),
        ("....secret", "." * 200_000),
        ("ab" * 256, "ab" * 100_000),
    ],
)
def test_long_texts_with_many_prefixes_of_secrets_are_masked_in_time(secret: str, text: str) -> None:
    """This is not timed: an algorithm whose time is not linear in the length would take minutes."""
    use_secrets([secret])
    assert mask(text)


def test_the_parameters_of_an_action_keep_their_keys() -> None:
    use_secrets(["name", "type", "TEXT"])
    actions = {"service_actions": [{"parameters": [{"name": "Mode", "type": "TEXT", "default_values": ["x"]}]}]}
    assert mask_result(actions) == actions


def test_options_are_masked_except_ids_and_tokens() -> None:
    use_secrets(["hunter2", "orders"])
    options = {
        "record_ids": ["rec-orders"],
        "change_id": "orders",
        "region": "hunter2",
        "parameters": {"hunter2": ["x hunter2"]},
        "secret_key": "anything",
        "sensitive_parameters": {"orders": "anything"},
        "targets": [{"provisioned_product_id": "pp-orders", "sensitive_parameters": {"P": "anything"}}],
        "wait": True,
        "limit": None,
    }
    known = {**dict.fromkeys(options, False), "provisioned_product_id": False}
    assert mask_options({**options, "hunter2": 1}, {**known, "secret_key": True, "sensitive_parameters": True}) == {
        "record_ids": ["rec-orders"],
        "change_id": "orders",
        "region": MASK,
        "parameters": {MASK: [f"x {MASK}"]},
        "secret_key": MASK,
        "sensitive_parameters": {MASK: MASK},
        "targets": [{"provisioned_product_id": "pp-orders", "sensitive_parameters": {"P": MASK}}],
        "wait": True,
        "limit": None,
        MASK: 1,
    }


def test_user_defined_keys_are_masked_and_stay_distinct() -> None:
    use_secrets(["orders", "billing"])
    outputs = {"orders": "a", "billing": {"status": "billing"}, "status": "orders", "Orders": "b"}
    assert mask_result({"record_outputs": outputs})["record_outputs"] == {
        "********": "a",
        "******** (2)": {"status": "********"},
        "status": "********",
        "******** (3)": "b",
    }


def test_without_secrets_nothing_is_masked() -> None:
    result: dict[str, Any] = {"name": "x" * 10, "list": [1, None, "y"]}
    assert mask_result(result) == result
