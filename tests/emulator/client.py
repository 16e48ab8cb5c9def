# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for the control API, and an emulator that runs in this process."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime, timezone
from typing import Any

from botocore.credentials import Credentials

from .clock import Clock
from .endpoint import Endpoint
from .server import CONTROL_PATH, Server
from .world import WorldSource, read_world


class ControlError(ValueError):
    """The emulator rejected a command, with this message."""


class Control:
    """A client for an emulator's control API; times are POSIX seconds on the emulator's clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        # The emulator is local, so ignore the proxies in the environment.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def reset(self, world: Mapping[str, Any] | None = None) -> None:
        """Discard records, calls and faults, set the clock, and load the initial world or another one."""
        self._call("reset", world=world)

    def calls(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return all calls: operation, region, access_key, parameters (as sent), status, error_code, fault, time."""
        result: list[dict[str, Any]] = self._call("calls", operation=operation)
        return result

    def records(self) -> list[dict[str, Any]]:
        """Return all records: the members of RecordDetail, RecordOutputs, ServiceActionId, ExecuteToken, Parameters."""
        result: list[dict[str, Any]] = self._call("records")
        return result

    def fault(self, operation: str, kind: str, **options: Any) -> None:
        """Set a fault on an operation, or on all with *.

        It applies to all calls, with calls=[1, 2] to the first and second call from now on, or with every=k to every
        k-th call. With `region`, `product` (an id) or between=[start, end], only matching calls count. Some kinds have
        additional options.
        """
        self._call("fault", operation=operation, kind=kind, **options)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("clear_faults")

    def now(self) -> float:
        """Return the emulator's time."""
        return float(self._call("now"))

    def advance(self, seconds: float) -> float:
        """Advance the emulator's clock, and return the new time."""
        return float(self._call("advance", seconds=seconds))

    def set(self, **switches: Any) -> dict[str, Any]:
        """Set switches for undocumented behavior, and return all switches."""
        result: dict[str, Any] = self._call("set", **switches)
        return result

    def update_product(self, product_id: str, **changes: Any) -> None:
        """Update fields of a provisioned product."""
        self._call("update_product", product_id=product_id, **changes)

    def finish_record(self, record_id: str, status: str = "SUCCEEDED", **end: Any) -> None:
        """End a record now, with errors (a list of code and description) and outputs (a mapping)."""
        self._call("finish_record", record_id=record_id, status=status, **end)

    def output_violations(self) -> list[str]:
        """Return the violations of botocore's model in the emulator's responses."""
        result: list[str] = self._call("output_violations")
        return result

    def _call(self, command: str, **arguments: Any) -> Any:
        request = urllib.request.Request(
            self.url + CONTROL_PATH + command, data=json.dumps(arguments).encode(), method="POST"
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(json.load(error)["error"]) from None


class Emulator(Control):
    """An emulator that runs on a thread of this process during a with block."""

    def __init__(
        self,
        world: WorldSource = None,
        *,
        clock: str = "real",
        speed: float = 1.0,
        access_key: str | None = None,
        secret_key: str | None = None,
        latency: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: str | None = None,
    ) -> None:
        if clock not in ("real", "manual") or (access_key is None) != (secret_key is None):
            raise ValueError("clock must be real or manual, and access_key and secret_key must be set together")
        credentials = Credentials(access_key, secret_key) if access_key else None
        endpoint = Endpoint(read_world(world), Clock(manual=clock == "manual"), credentials=credentials, speed=speed)
        self.server = Server((host, port), endpoint, latency=latency, certificate=certificate)
        super().__init__(self.server.url)

    @property
    def tls_url(self) -> str:
        """The https URL. It works only with `certificate`, a PEM file that includes the key."""
        return self.url.replace("http:", "https:", 1)

    def __enter__(self) -> Emulator:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.stop()


class EmulatorClock:
    """A clock whose sleep() advances the emulator's time instead of waiting."""

    def __init__(self, emulator: Control, jitter: float = 0.0) -> None:
        self.slept = 0.0
        self._emulator = emulator
        self._jitter = jitter

    def now(self) -> datetime:
        """Return the emulator's time."""
        return datetime.fromtimestamp(self._emulator.now(), timezone.utc)

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Advance this clock and the emulator's clock."""
        self.slept += seconds
        if seconds:
            self._emulator.advance(seconds)

    def wait(self, futures: Collection[Future[Any]], _seconds: float | None) -> set[Future[Any]]:
        """Wait for a future and return those that are done. Calls to the emulator take no time on this clock."""
        return wait(futures, return_when=FIRST_COMPLETED).done

    def jitter(self) -> float:
        """Return the configured jitter, from 0 to 1."""
        return self._jitter

    def raise_on_signals(self) -> None:
        """Do nothing, because this clock does not handle signals."""
