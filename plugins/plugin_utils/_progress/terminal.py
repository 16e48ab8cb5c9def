# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A status line at the bottom of a terminal that is updated in place and finally erased."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any, TextIO

from ansible.utils.display import Display, get_text_width

_CLEAR = "\r\x1b[K"


class Terminal:
    """Standard output as a terminal, with a status line below all other output.

    Other writes to standard output and standard error erase the line first. All methods hold Display's own lock.
    Ansible also holds it while it forks, so no thread is in the middle of a write at that moment.
    """

    def __init__(self, display: Display) -> None:
        self._lock = display._lock
        self._owner = os.getpid()
        self._is_drawn = False
        self._is_at_start = True
        self._write = sys.stdout.write
        self._wrapped: list[tuple[TextIO, Any]] = []
        for stream in (sys.stdout, sys.stderr):
            if stream.isatty():
                wrapper = partial(self._pass_on, stream.write)
                self._wrapped.append((stream, wrapper))
                stream.write = wrapper  # type: ignore[method-assign]

    def draw(self, line: str) -> None:
        """Replace the status line. Show none while the last output of others does not end with a newline."""
        with self._lock:
            if line and self._is_at_start:
                self._put(_CLEAR + encodable(line, sys.stdout))
                self._is_drawn = True
            else:
                self.erase()

    def erase(self) -> None:
        """Remove the status line."""
        with self._lock:
            if self._is_drawn:
                self._put(_CLEAR)
                self._is_drawn = False

    def restore(self) -> None:
        """Remove the status line and the wrappers of the streams."""
        with self._lock:
            self.erase()
            for stream, wrapper in self._wrapped:
                if stream.__dict__.get("write") is wrapper:
                    del stream.write
            self._wrapped.clear()

    def fits(self, line: str) -> bool:
        """Return whether a line is shorter than the terminal is wide."""
        columns = os.get_terminal_size(sys.stdout.fileno()).columns or 80
        return get_text_width(encodable(line, sys.stdout)) < columns

    def _pass_on(self, write: Any, text: str) -> int:
        if os.getpid() != self._owner:
            return write(text)
        with self._lock:
            self.erase()
            if text:
                self._is_at_start = text.endswith("\n")
            return write(text)

    def _put(self, text: str) -> None:
        self._write(text)
        sys.stdout.flush()


def is_interactive() -> bool:
    """Return whether standard output is the terminal of a user.

    Under ansible-runner, and so in AWX, standard output is also a terminal, but not the user's.
    """
    return (
        sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "AWX_ISOLATED_DATA_DIR" not in os.environ
    )


def encodable(text: str, stream: TextIO) -> str:
    """Replace what a stream can't encode; use ASCII only if it can't encode the separator."""
    encoding = stream.encoding or "ascii"
    try:
        "·".encode(encoding)
    except (LookupError, UnicodeError):
        return text.replace("·", "-").encode("ascii", "replace").decode()
    return text.encode(encoding, "replace").decode(encoding)
