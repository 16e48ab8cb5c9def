# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API's client, and an emulator in this process."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from botocore.credentials import Credentials

from .clock import Clock
from .endpoint import Endpoint
from .server import CONTROL, Server
from .world import WorldSource, read_world


class ControlError(ValueError):
    """The emulator refused a command; the text is its own."""


class Control:
    """The control API of the emulator at an address; times are POSIX seconds on the emulator's clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        # The emulator is on this machine, whatever proxies the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def reset(self, world: Mapping[str, Any] | None = None) -> None:
        """Begin again, without records, calls and faults, with the world of the start or another one."""
        self._run("reset", world=world)

    def calls(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the calls so far: operation, parameters (the members sent), status, error_code, fault, time."""
        found: list[dict[str, Any]] = self._run("calls", operation=operation)
        return found

    def records(self) -> list[dict[str, Any]]:
        """Return all records: RecordDetail's members, RecordOutputs, ServiceActionId, ExecuteToken, Parameters."""
        found: list[dict[str, Any]] = self._run("records")
        return found

    def fault(self, operation: str, kind: str, **options: Any) -> None:
        """Set a fault on an operation (* is any): calls=[1, 2] from now on, every=k or each; region; kinds' options."""
        self._run("fault", operation=operation, kind=kind, **options)

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._run("clear_faults")

    def now(self) -> float:
        """Return the emulator's time."""
        return float(self._run("now"))

    def advance(self, seconds: float) -> float:
        """Move the emulator's time forward and return it."""
        return float(self._run("advance", seconds=seconds))

    def set(self, **switches: Any) -> dict[str, Any]:
        """Change switches of what is unknown about the service, and return all of them."""
        found: dict[str, Any] = self._run("set", **switches)
        return found

    def update_product(self, product_id: str, **changes: Any) -> None:
        """Change members of a provisioned product."""
        self._run("update_product", product_id=product_id, **changes)

    def finish_record(self, record_id: str, status: str = "SUCCEEDED", **end: Any) -> None:
        """End a record now, with errors (a list of code and description) and outputs (a mapping)."""
        self._run("finish_record", record_id=record_id, status=status, **end)

    def output_violations(self) -> list[str]:
        """Return where the emulator's answers did not fit botocore's model."""
        found: list[str] = self._run("output_violations")
        return found

    def _run(self, command: str, **arguments: Any) -> Any:
        request = urllib.request.Request(
            self.url + CONTROL + command, data=json.dumps(arguments).encode(), method="POST"
        )
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(json.load(error)["error"]) from None


class Emulator(Control):
    """An emulator on a thread of this process, for the length of a with block."""

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
            raise ValueError("clock is real or manual; access_key and secret_key go together")
        keys = Credentials(access_key, secret_key) if access_key else None
        endpoint = Endpoint(read_world(world), Clock(manual=clock == "manual", speed=speed), keys=keys)
        self.server = Server((host, port), endpoint, latency=latency, certificate=certificate)
        super().__init__(self.server.url)

    @property
    def tls_url(self) -> str:
        """The same address for callers that speak TLS, which a certificate (a PEM file, its key in it) allows."""
        return self.url.replace("http:", "https:", 1)

    def __enter__(self) -> Emulator:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.stop()


class EmulatorClock:
    """Time that passes only by sleeping, here and at the emulator alike; what waits by it waits no real time."""

    def __init__(self, emulator: Control, jitter: float = 0.0) -> None:
        self.slept = 0.0
        self._emulator = emulator
        self._jitter = jitter

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept += seconds
        if seconds:
            self._emulator.advance(seconds)

    def jitter(self) -> float:
        """Return the jitter given, from 0 to 1."""
        return self._jitter

    def raise_on_signals(self) -> None:
        """Do nothing: no signal reaches this clock."""
