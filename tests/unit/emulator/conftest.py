# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an emulator, and create real clients for it that don't validate or retry unless a test enables it."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import Any, Callable

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from emulator import Emulator

Connect = Callable[..., BaseClient]


def connect_with(
    session: boto3.Session,
    url: str,
    service: str = "servicecatalog",
    *,
    keys: tuple[str, str] = ("AKIDEXAMPLE", "not-a-real-secret-key"),
    **config: Any,
) -> Any:
    """Return a client for a URL, by default without retries and validation."""
    options = {"parameter_validation": False, "retries": {"total_max_attempts": 1}, "read_timeout": 20, **config}
    return session.client(
        service,
        region_name="eu-central-1",
        endpoint_url=url,
        config=Config(**options),
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
    )


@pytest.fixture(scope="session")
def connect() -> Connect:
    """Return connect_with() a session that all tests share."""
    return functools.partial(connect_with, boto3.Session())


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    with Emulator(clock="manual") as running:
        yield running


@pytest.fixture(scope="session")
def _client(_running: Emulator, connect: Connect) -> BaseClient:
    return connect(_running.url)


@pytest.fixture
def emulator(_running: Emulator) -> Emulator:
    """Return the emulator, reset to the demo world."""
    _running.reset()
    return _running


@pytest.fixture
def client(
    emulator: Emulator, _client: BaseClient, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> BaseClient:
    """Return a client for the emulator, which is reset to the demo world."""
    if "AWS_DATA_PATH" not in os.environ or not request.node.get_closest_marker("json"):
        return _client
    monkeypatch.delenv("AWS_DATA_PATH")
    return connect_with(boto3.Session(), emulator.url)


@pytest.fixture
def execute(client: BaseClient) -> Callable[..., dict[str, Any]]:
    """Return a function that executes an action, by default Restart on orders-db."""

    def run(**members: Any) -> dict[str, Any]:
        defaults = {"ProvisionedProductId": "pp-orders0000001", "ServiceActionId": "act-restart000001"}
        response: dict[str, Any] = client.execute_provisioned_product_service_action(**{**defaults, **members})
        return response.get("RecordDetail", {})

    return run
