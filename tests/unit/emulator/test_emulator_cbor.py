# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CBOR, which botocore uses if its model supports it, with the same responses as JSON."""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from emulator import Emulator, cbor
from emulator.environment import CBOR_CLIENT, HAS_CBOR
from hypothesis import given, settings
from hypothesis import strategies as st

CBOR = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ORDERS = {"ProvisionedProductId": "pp-orders0000001", "ServiceActionId": "act-restart000001"}


@pytest.mark.parametrize(
    ("path", "body", "headers", "code"),
    [
        ("DescribeEverything", b"\xa0", {}, b"UnknownOperationException"),
        ("ListServiceActions", b"\xa0", {"Smithy-Protocol": "json"}, b"UnknownOperationException"),
        ("ListServiceActions", b"\xa0", {"Content-Type": "application/json"}, b"SerializationException"),
        ("ListServiceActions", b"{}", {}, b"SerializationException"),
        ("ListServiceActions", b"\xa0\xa0", {}, b"SerializationException"),
        ("ListServiceActions", b"", {}, b"SerializationException"),
        ("ListServiceActions", b"\x80", {}, b"SerializationException"),
        ("ListServiceActions", b"\xa1\x68PageSize" + b"\x81" * 100_000, {}, b"SerializationException"),
        ("ListServiceActions", b"\xa1\x68PageSize\x18\x63", {}, b"ValidationException"),
        ("ListServiceActions", b"\xbf\x68PageSize\x02\xff", {}, b"NextPageToken"),
        ("ListServiceActions", b"\xa1\x7f\x64Page\x64Size\xff\xf6", {}, b"ServiceActionSummaries"),
    ],
)
def test_requests_in_cbor_get_responses_in_cbor(
    emulator: Emulator, path: str, body: bytes, headers: dict[str, str], code: bytes
) -> None:
    request = urllib.request.Request(f"{emulator.url}/service/AWS242ServiceCatalogService/operation/{path}", body)
    given = {**CBOR, "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), **headers}
    scope = f"AKIDEXAMPLE/{given['X-Amz-Date'][:8]}/us-east-1/servicecatalog/aws4_request"
    signature = f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, {signature}")
    for name, value in given.items():
        request.add_header(name, value)
    try:
        response = OPENER.open(request)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        assert response.headers["Content-Type"] == "application/cbor"
        assert response.headers["Smithy-Protocol"] == "rpc-v2-cbor"
        found = cbor.decode(response.read())
    assert code.decode() in (found.get("__type"), *found)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
    max_leaves=60,
)


@settings(deadline=None, database=None, derandomize=True)
@given(values)
def test_encoded_cbor_is_decoded_unchanged(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@settings(deadline=None, database=None, derandomize=True)
@given(st.binary())
def test_any_bytes_are_decoded_or_raise_a_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        cbor.decode(body)


def answers(emulator: Emulator) -> list[Any]:
    """Return the responses that a new client gets to some calls, without the members that differ between calls."""
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "not-a-real-secret-key"}
    client = boto3.Session(**keys, region_name="us-east-1").client("servicecatalog", endpoint_url=emulator.url)
    found = [client.execute_provisioned_product_service_action(**ORDERS, ExecuteToken="t-1")]
    found.append(client.describe_record(Id=found[0]["RecordDetail"]["RecordId"]))
    found.append(client.search_provisioned_products(SortBy="id", Filters={"SearchQuery": ["tags:orders"]}))
    found += client.get_paginator("list_record_history").paginate(PageSize=1)
    found.append(client.describe_service_action(Id=ORDERS["ServiceActionId"]))
    for call, members in ((client.describe_record, {"Id": "rec-none"}), (client.list_portfolios, {})):
        with pytest.raises(ClientError) as caught:
            call(**members)
        found.append(caught.value.response)
    return [{name: member for name, member in each.items() if name != "ResponseMetadata"} for each in found]


@pytest.mark.parametrize("data_path", [CBOR_CLIENT] * HAS_CBOR)
def test_a_client_that_uses_cbor_gets_the_same_responses(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, data_path: str
) -> None:
    monkeypatch.delenv("AWS_DATA_PATH", raising=False)
    expected = answers(emulator)
    seen = len(emulator.calls())
    monkeypatch.setenv("AWS_DATA_PATH", data_path)
    sent: list[str] = []
    monkeypatch.setattr(cbor, "decode", lambda body, decode=cbor.decode: sent.append("cbor") or decode(body))
    assert answers(emulator) == expected
    assert len(sent) == len(emulator.calls()) - seen - 1
