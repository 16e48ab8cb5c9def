# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a scenario in this process, with a simulated clock, simulated signals and simulated limits."""

from __future__ import annotations

import importlib
import math
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError
from emulator import Control, EmulatorClock

from .scenarios import EXECUTE, HANDLERS, MODULES, Scenario

UTILS = "ansible_collections.selfservice.aws.plugins.module_utils."


@dataclass(frozen=True)
class ScenarioOutcome:
    """The outcome of a scenario: its result, the record ids that the service returned, the seconds slept, warnings.

    A killed scenario has no result. `interrupted_after` is the seconds slept until the module noticed a signal.
    """

    result: dict[str, Any] | None
    record_ids: set[str]
    slept: float
    warnings: list[str]
    interrupted_after: float | None = None


class Killed(BaseException):
    """The process was killed: nothing catches this, and nothing is returned."""


class InterruptedClock(EmulatorClock):
    """A clock on which a signal, or SIGKILL, comes before the n-th time that the module checks for one, and stays."""

    def __init__(self, emulator: Control, interrupt_at: float = math.inf, *, kills: bool = False) -> None:
        super().__init__(emulator)
        self.interrupted_after: float | None = None
        self._interrupt_at = interrupt_at
        self._kills = kills
        self._checks_left = math.inf

    def sleep(self, seconds: float) -> None:
        """Raise Interrupted, or advance this clock and the emulator's."""
        self._check_signal()
        super().sleep(seconds)

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        """Raise Interrupted, or return the futures that are done, once one is."""
        self._check_signal()
        return super().wait(futures, seconds)

    def raise_on_signals(self) -> None:
        """Start to count."""
        self._checks_left = self._interrupt_at

    def _check_signal(self) -> None:
        self._checks_left -= 1
        if self._checks_left <= 0:
            if self._kills:
                raise Killed
            if self.interrupted_after is None:
                self.interrupted_after = self.slept
            raise importlib.import_module(f"{UTILS}_clock").Interrupted("SIGTERM ended this process.")


@contextmanager
def limited_threads(most: float) -> Iterator[list[threading.Thread]]:
    """Let the collection start at most this many threads; yield those that it tried to start."""
    threads = importlib.import_module(f"{UTILS}_threads")
    wanted: list[threading.Thread] = []
    start = threading.Thread.start

    def start_some(thread: threading.Thread) -> None:
        # The emulator's own threads are not limited.
        if getattr(thread, "_target", None) is threads._work:
            wanted.append(thread)
            if len(wanted) > most:
                raise RuntimeError("can't start new thread")
        start(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "_idle", [])
        patch.setattr(threading.Thread, "start", start_some)
        yield wanted


@dataclass(frozen=True)
class ScenarioRunner:
    """Runs scenarios with the fixtures of unit tests. Clients are reused: making one takes as long as several calls."""

    emulator: Control
    make_attempt: Callable[..., Any]
    connect: Callable[..., BaseClient]
    role_session: Any
    clients: dict[str, BaseClient]

    def __call__(
        self,
        scenario: Scenario,
        *,
        hangs: bool = False,
        assumes_role: bool = False,
        threads: int | None = None,
        interrupt_at: float = math.inf,
        kills: bool = False,
        **params: Any,
    ) -> ScenarioOutcome:
        """Run a scenario, with some options changed.

        `hangs`: a request times out after 0.1 s, while the clock advances by the module's read timeout. `assumes_role`:
        the credentials are those of a role. `threads` is the number of threads that can be started. `interrupt_at`: a
        signal comes before the n-th time that the module checks for one; with `kills` it is SIGKILL.
        """
        handler = getattr(importlib.import_module(MODULES + scenario.module), HANDLERS[scenario.module])
        attempt = self.make_attempt(handler, {**scenario.params, **params}, **scenario.modes)
        clock = attempt.task.clock = InterruptedClock(self.emulator, interrupt_at, kills=kills)
        record_ids: set[str] = set()

        def connect(config: Mapping[str, Any]) -> BaseClient:
            client = self._client(config, hangs=hangs, assumes_role=assumes_role)
            _observe(client, clock, record_ids, read_timeout=config.get("read_timeout", 0))
            return client

        attempt.task.connect = connect
        result = None
        with nullcontext() if threads is None else limited_threads(threads), suppress(Killed):
            result = attempt.result()
        return ScenarioOutcome(result, record_ids, clock.slept, attempt.warnings, clock.interrupted_after)

    def _client(self, config: Mapping[str, Any], *, hangs: bool, assumes_role: bool) -> BaseClient:
        key = f"{hangs} {assumes_role} {config}"
        if key not in self.clients:
            limited = {**config, "read_timeout": 0.1} if hangs else config
            self.clients[key] = self.connect(limited, self.role_session if assumes_role else None)
        return self.clients[key]


def _observe(client: BaseClient, clock: EmulatorClock, record_ids: set[str], *, read_timeout: float) -> None:
    """Collect the ids of records that are returned for starts, and advance the clock by timeouts."""

    def collect_record_id(parsed: Mapping[str, Any], **_kwargs: Any) -> None:
        if record_id := parsed.get("RecordDetail", {}).get("RecordId"):
            record_ids.add(record_id)

    def advance_clock(caught_exception: Exception | None, **_kwargs: Any) -> None:
        if isinstance(caught_exception, ReadTimeoutError):
            EmulatorClock.sleep(clock, read_timeout)

    events = client.meta.events
    # Scenarios share clients, but each counts its own requests.
    events.unregister("before-send.servicecatalog", unique_id="selfservice-request")
    for event, handler in [
        (f"after-call.servicecatalog.{EXECUTE}", collect_record_id),
        ("needs-retry.servicecatalog", advance_clock),
    ]:
        events.unregister(event, unique_id=event)
        events.register(event, handler, unique_id=event)
