# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients other than boto3, and an emulator that verifies their signatures."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.session import AioSession, get_session
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from emulator import Emulator
from emulator.environment import CBOR_CLIENT
from emulator.operations import OPERATIONS

CONNECTION = {"access_key": "AKIDEXAMPLE", "secret_key": "not-a-real-secret-key", "region": "us-east-1"}


def service_of(operation: str) -> str:
    return "sts" if operation in OPERATIONS["sts"] else "servicecatalog"


class Refused(Exception):
    """The service rejected a call. `kind` is how the client reports it: an exit code or the class of an exception."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class Client:
    """The common interface of the clients."""

    def call(self, operation: str, members: Mapping[str, Any], **connection: str) -> dict[str, Any]:
        """Return the response, with all pages if the client paginates by itself. Times are in ISO 8601 format.

        `connection` overrides members of CONNECTION. With an empty access key, the call is not signed.
        """
        raise NotImplementedError

    def refusal(self, *call: Any, **connection: str) -> Refused:
        """Return the exception of a call that is rejected."""
        with pytest.raises(Refused) as caught:
            self.call(*call, **connection)
        return caught.value


class AwsCli(Client):
    """The AWS CLI, which runs in a new process for each call."""

    def __init__(self, url: str, folder: Path) -> None:
        config = folder / "config"
        # By default, it prints times in the service's format.
        config.write_text("[default]\ncli_timestamp_format = iso8601\n", encoding="utf-8")
        self._environment = {"HOME": str(folder), "AWS_CONFIG_FILE": str(config), "AWS_ENDPOINT_URL": url}

    def call(self, operation: str, members: Mapping[str, Any], **connection: str) -> dict[str, Any]:
        """Run the AWS CLI's command for the operation."""
        given = {**CONNECTION, **connection}
        keys = {"AWS_ACCESS_KEY_ID": given["access_key"], "AWS_SECRET_ACCESS_KEY": given["secret_key"]}
        command = [sys.executable, "-m", "awscli", "--region", given["region"]]
        command += [service_of(operation), xform_name(operation, "-")]
        for name, value in members.items():
            command += [f"--{xform_name(name, '-')}", value if isinstance(value, str) else json.dumps(value)]
        command += [] if given["access_key"] else ["--no-sign-request"]
        environment = {**self._environment, **keys}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
        if done.returncode:
            raise Refused(done.stderr.strip(), f"exit code {done.returncode}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


class Aiobotocore(Client):
    """aiobotocore, which runs in this process."""

    def __init__(self, url: str, session: AioSession) -> None:
        self._url = url
        self._session = session

    def call(self, operation: str, members: Mapping[str, Any], **connection: str) -> dict[str, Any]:
        """Call the client's method for the operation."""
        try:
            answer = asyncio.run(self._call(operation, members, {**CONNECTION, **connection}))
        except ClientError as error:
            raise Refused(str(error), type(error).__name__) from None
        found: dict[str, Any] = json.loads(json.dumps(answer, default=lambda time: time.isoformat()))
        return found

    async def _call(self, operation: str, members: Mapping[str, Any], given: Mapping[str, str]) -> Any:
        method = xform_name(operation)
        async with self._session.create_client(
            service_of(operation),
            region_name=given["region"],
            endpoint_url=self._url,
            aws_access_key_id=given["access_key"],
            aws_secret_access_key=given["secret_key"],
            config=None if given["access_key"] else Config(signature_version=UNSIGNED),
        ) as client:
            if client.can_paginate(method):
                return await client.get_paginator(method).paginate(**members).build_full_result()
            return await getattr(client, method)(**members)


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    keys = {name: CONNECTION[name] for name in ("access_key", "secret_key")}
    with Emulator(clock="manual", **keys) as running:
        yield running


@pytest.fixture
def emulator(running_emulator: Emulator) -> Iterator[Emulator]:
    """An emulator with the demo world and a manual clock; fails if a response violated botocore's model."""
    running_emulator.reset()
    yield running_emulator
    assert running_emulator.output_violations() == []


@functools.cache
def load_session(data_path: str) -> AioSession:
    """Return a session that also loads models from a folder. It is cached, since loading models is slow."""
    session = get_session()
    session.set_config_variable("data_path", data_path)
    return session


@pytest.fixture(params=["AWS CLI", "aiobotocore", "aiobotocore over CBOR"])
def client(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Client:
    """Each client in turn."""
    if request.param == "AWS CLI":
        return AwsCli(emulator.url, tmp_path)
    return Aiobotocore(emulator.url, load_session(CBOR_CLIENT if "CBOR" in request.param else os.devnull))


@pytest.fixture
def records(emulator: Emulator) -> list[str]:
    """The ids of three succeeded records, newest first."""
    start = Aiobotocore(emulator.url, load_session(os.devnull)).call
    members = {"ProvisionedProductId": "pp-orders0000001", "ServiceActionId": "act-restart000001"}
    operation = "ExecuteProvisionedProductServiceAction"
    found = [start(operation, {**members, "ExecuteToken": token}) for token in "abc"]
    emulator.advance(60)
    return [each["RecordDetail"]["RecordId"] for each in reversed(found)]
