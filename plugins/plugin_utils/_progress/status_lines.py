# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of waiting modules, and the lines that show it. This module does no I/O and reads no clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._progress import ProductState, RecordState, State, TargetsState

_NAME = "selfservice.aws: "
# With more waits than this, one summary line replaces the regular line of each wait.
_MOST_LINES = 10
# With so few measured targets, a rate would be mostly noise.
_HANDFUL = 10


@dataclass
class Wait:
    """The wait of one module: its host, its start, its current state, and the state that was last shown.

    `how_to_continue` says what to run if the wait ends early, and `ended_early` is whether it did.
    """

    host: str
    since: float
    state: State
    how_to_continue: str = ""
    is_over: bool = False
    ended_early: bool = False
    shown: State | None = None
    shown_at: float = 0.0

    @property
    def has_news(self) -> bool:
        """Whether a line is due immediately: a new status, the first failed target, or no more starts."""
        return self.is_over or self.shown is None or _landmark(self.state) != _landmark(self.shown)


class StatusLines:
    """All waits, by the process id of their module. Times are in seconds of a monotonic clock."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._waits: dict[int, Wait] = {}
        self._shown_at = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether no module is waiting."""
        return not self._waits

    def update(self, event: Any, now: float) -> None:
        """Update a wait from a module's message; ignore messages that are malformed."""
        try:
            pid, host, seconds = int(event["pid"]), str(event["host"]), float(event["seconds"])
            state, words = _state_of(event), str(event["how_to_continue"])
            is_over, failed = bool(event["is_over"]), bool(event["failed"])
        except (KeyError, TypeError, ValueError):
            return
        wait = self._waits.setdefault(pid, Wait(host, now - seconds, state))
        wait.state, wait.how_to_continue, wait.is_over, wait.ended_early = state, words, is_over, failed

    def gone(self, is_running: Callable[[int], bool]) -> set[int]:
        """Return the ids of processes that have ended. Their last message may not have been received yet."""
        return {pid for pid in self._waits if not is_running(pid)}

    def end(self, pids: Collection[int] | None = None) -> None:
        """Mark the waits of these processes, or all waits, as ended early unless a message has reported their end."""
        for pid, wait in self._waits.items():
            if not wait.is_over and (pids is None or pid in pids):
                wait.is_over = wait.ended_early = True

    def lines(self, now: float) -> list[str]:
        """Return the lines that are due now, at full length; mark them as shown, and drop waits that are over."""
        waits = list(self._waits.values())
        shown = [wait for wait in waits if wait.has_news]
        lines = []
        if len(waits) <= _MOST_LINES:
            shown += [wait for wait in waits if not wait.has_news and now >= wait.shown_at + self._interval]
        elif now >= self._shown_at + self._interval:
            lines.append(_sum_texts(waits, now)[0])
            self._shown_at = now
        lines[:0] = [_full_text(wait, now) for wait in shown]
        for wait in shown:
            wait.shown, wait.shown_at = wait.state, now
        self._drop_ended()
        return lines

    def last_lines(self, now: float) -> list[str]:
        """Drop the waits that are over, and return the lines that remain on a terminal for them.

        Only waits on many targets and waits that ended early leave a line.
        """
        over = [wait for wait in self._waits.values() if wait.is_over]
        self._drop_ended()
        return [_full_text(wait, now) for wait in over if wait.ended_early or isinstance(wait.state, TargetsState)]

    def line(self, now: float, fits: Callable[[str], bool]) -> str:
        """Return the longest line that fits and describes all current waits; an empty string if there are none."""
        waits = [wait for wait in self._waits.values() if not wait.is_over]
        if not waits:
            return ""
        texts = _wait_texts(waits[0], now) if len(waits) == 1 else _sum_texts(waits, now)
        if (fitting := next(filter(fits, texts), None)) is not None:
            return fitting
        return next((texts[-1][:end] for end in range(len(texts[-1]), 0, -1) if fits(texts[-1][:end])), "")

    def _drop_ended(self) -> None:
        self._waits = {pid: wait for pid, wait in self._waits.items() if not wait.is_over}


def _state_of(event: Mapping[str, Any]) -> State:
    for kind in (RecordState, ProductState):
        if kind.__name__ in event:
            return kind(**{name: str(value) for name, value in event[kind.__name__].items()})
    state = TargetsState(**event["TargetsState"])
    return _targets_state(map(int, state[:-1]))._replace(verb=str(state.verb))


def _targets_state(counts: Iterable[int]) -> TargetsState:
    total, ended, failed, running, pending, busy, measured = counts
    return TargetsState(total, ended, failed, running, pending, busy, measured)


def _landmark(state: State) -> object:
    """Return the part of a state whose change is shown immediately."""
    if not isinstance(state, TargetsState):
        return type(state), state.status
    return state.failed > 0, _will_not_start(state) > 0


def _will_not_start(state: TargetsState) -> int:
    return state.total - state.ended - state.running - state.pending - state.busy


def _full_text(wait: Wait, now: float) -> str:
    """Return the full line for a wait. If it ended early, the line says how to continue."""
    text = _wait_texts(wait, now)[0]
    return f"{text}. {_printable(wait.how_to_continue)}" if wait.ended_early and wait.how_to_continue else text


def _wait_texts(wait: Wait, now: float) -> list[str]:
    """Return alternative lines for a wait, from the longest to the shortest."""
    where = f"[{wait.host}] " if wait.host not in ("", "localhost") else ""
    if isinstance(wait.state, TargetsState):
        return _targets_texts(wait.state, now - wait.since, where, is_over=wait.is_over)
    seconds = _duration(now - wait.since)
    so_far = f"after {seconds}" if wait.is_over else f"{seconds} so far"
    if isinstance(wait.state, ProductState):
        return [_join([where + words, so_far]) for words in _product_words(wait.state)]
    record_id, product, status = wait.state
    choices = ((record_id, product, status), (product, status), (status,))
    return [_join([where + " ".join(filter(None, words)), so_far]) for words in choices]


def _product_words(state: ProductState) -> list[str]:
    """Return alternative texts for why the action has not started yet, from the longest to the shortest."""
    status = f"{state.product} is {state.status}" if state.product else state.status
    return [f"{status}, waiting to start {state.action}".rstrip(), status, state.status]


def _sum_texts(waits: Iterable[Wait], now: float) -> list[str]:
    """Return alternative lines that sum up several waits, from the longest to the shortest."""
    waits = list(waits)
    name, seconds = f"{len(waits)} tasks", now - min(wait.since for wait in waits)
    if not any(isinstance(wait.state, TargetsState) for wait in waits):
        return [_join([f"{name} wait", f"{_duration(seconds)} so far"])]
    summed = _targets_state(sum(counts) for counts in zip(*(_as_targets(wait.state)[:-1] for wait in waits)))
    return _targets_texts(summed, seconds, f"{name} · ", is_over=False)


def _as_targets(state: State) -> TargetsState:
    if isinstance(state, TargetsState):
        return state
    is_busy = isinstance(state, ProductState)
    return TargetsState(1, 0, 0, running=not is_busy, pending=0, busy=is_busy)


def _targets_texts(state: TargetsState, seconds: float, where: str, *, is_over: bool) -> list[str]:
    abandoned = _will_not_start(state)
    done = f"{where}{state.ended}/{state.total} {state.verb}"
    failed = f"{state.failed} failed" if state.failed else ""
    running = f"{state.running} running" if state.running else ""
    busy = f"{state.busy} busy" if state.busy else ""
    waiting = f"{state.pending} waiting" if state.pending else ""
    left = f"{abandoned} will not start" if abandoned else ""
    per_minute = 60 * state.measured / max(seconds, 1.0)
    rate = f"{per_minute:.0f}/min" if state.measured > _HANDFUL and per_minute >= 1 else ""
    time = f"after {_duration(seconds)}" if is_over else _time_left(state, seconds) or f"{_duration(seconds)} so far"
    return [
        _join([done, failed, running, busy, waiting, left, rate, time]),
        _join([done, failed, running, left, time]),
        _join([done, failed, time]),
        _join([done, time]),
    ]


def _time_left(state: TargetsState, seconds: float) -> str:
    """Estimate the remaining time from the rate so far, counting running targets as half done."""
    done, left = state.measured + state.running / 2, state.pending + state.busy + state.running / 2
    if not state.measured or not left:
        return ""
    estimate = seconds * left / done
    if estimate < 60:
        return f"about {max(1, -(-estimate // 10)) * 10:.0f} s left"
    return f"about {estimate / 60:.0f} min left" if estimate < 7200 else f"about {estimate / 3600:.0f} h left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _join(parts: Iterable[str]) -> str:
    return _printable(_NAME + " · ".join(filter(None, parts)))


def _printable(text: str) -> str:
    """Replace control characters, which names from the service or the inventory can contain."""
    return "".join(each if each.isprintable() else "?" for each in text)
