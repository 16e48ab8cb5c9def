# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run calls on daemon threads, which a process does not wait for when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Callable, TypeVar

T = TypeVar("T")
U = TypeVar("U")

# The queues of idle threads.
_idle: list[SimpleQueue[Callable[[], None]]] = []


def run_all(call: Callable[[U], None], items: Iterable[U], most: int) -> None:
    """Run the call with each item, at most `most` at once.

    After an exception, no further calls are started, and it is raised once those under way have ended.
    """
    under_way: set[Future[None]] = set()
    ended: list[Future[None]] = []
    for item in items:
        if len(under_way) >= most:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            ended += done
            if any(each.exception() for each in done):
                break
        under_way.add(start_call(partial(call, item)))
    wait(under_way)
    for future in [*ended, *under_way]:
        future.result()


def start_call(call: Callable[[], T]) -> Future[T]:
    """Run a call on an idle or a new daemon thread, or on the current one if no thread can be started."""
    future: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001 (raised again by result())
            future.set_exception(error)

    try:
        worker = _idle.pop()
    except IndexError:
        worker = SimpleQueue()
        try:
            Thread(target=_work, args=(worker,), daemon=True).start()
        except RuntimeError:
            run()
            return future
    worker.put(run)
    return future


def _work(calls: SimpleQueue[Callable[[], None]]) -> None:
    """Run the calls from the queue, one after another."""
    while True:
        calls.get()()
        _idle.append(calls)
