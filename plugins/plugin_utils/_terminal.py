# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line at the foot of a terminal, refreshed in place, that leaves no trace."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any, TextIO

from ansible.utils.display import Display, get_text_width

_CLEAR = "\r\x1b[K"


class Terminal:
    """Standard output as a terminal, with a line below all else that is written to it.

    Whatever anybody writes, the line is erased first. All is done with Display's own lock held, which Ansible also
    holds while it forks: no thread is in the middle of it then.
    """

    def __init__(self, display: Display) -> None:
        self._lock = display._lock
        self._owner = os.getpid()
        self._is_drawn = False
        self._is_at_start = True
        self._write = sys.stdout.write
        self._watched: list[tuple[TextIO, Any]] = []
        for stream in (sys.stdout, sys.stderr):
            if stream.isatty():
                watching = partial(self._pass_on, stream.write)
                self._watched.append((stream, watching))
                stream.write = watching  # type: ignore[method-assign]

    def draw(self, line: str) -> None:
        """Show a line instead of the one that is shown; none while others have an unfinished line there."""
        with self._lock:
            if line and self._is_at_start:
                self._put(_CLEAR + shown_on(sys.stdout, line))
                self._is_drawn = True
            else:
                self.erase()

    def erase(self) -> None:
        """Remove the line."""
        with self._lock:
            if self._is_drawn:
                self._put(_CLEAR)
                self._is_drawn = False

    def leave(self) -> None:
        """Remove the line, and let others write as before."""
        with self._lock:
            self.erase()
            for stream, watching in self._watched:
                if stream.__dict__.get("write") is watching:
                    del stream.write
            self._watched.clear()

    def fits(self, line: str) -> bool:
        """Tell whether a line leaves the last column free."""
        columns = os.get_terminal_size(sys.stdout.fileno()).columns or 80
        return get_text_width(shown_on(sys.stdout, line)) < columns

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


def is_for_people() -> bool:
    """Tell whether somebody looks at standard output: ansible-runner, and so AWX, makes it a terminal of its own."""
    return (
        sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "AWX_ISOLATED_DATA_DIR" not in os.environ
    )


def shown_on(stream: TextIO, text: str) -> str:
    """Return a text as a stream can show it: in ASCII, where it can't show the separator."""
    encoding = stream.encoding or "ascii"
    try:
        "·".encode(encoding)
    except (LookupError, UnicodeError):
        return text.replace("·", "-").encode("ascii", "replace").decode()
    return text.encode(encoding, "replace").decode(encoding)
