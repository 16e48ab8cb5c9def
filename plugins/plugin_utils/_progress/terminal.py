# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line at the bottom of a terminal that is refreshed in place and erased in the end."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any, TextIO

from ansible.utils.display import Display, get_text_width

_CLEAR = "\r\x1b[K"


class Terminal:
    """Standard output as a terminal, with a line below everything else that is written to it.

    Before anything else is written, the line is erased. All of it holds Display's own lock, which Ansible also holds
    while it forks, so that no thread is in the middle of a write then.
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
        """Replace the line that is shown; show none while others have written an unfinished line."""
        with self._lock:
            if line and self._is_at_start:
                self._put(_CLEAR + encodable(line, sys.stdout))
                self._is_drawn = True
            else:
                self.erase()

    def erase(self) -> None:
        """Remove the line."""
        with self._lock:
            if self._is_drawn:
                self._put(_CLEAR)
                self._is_drawn = False

    def restore(self) -> None:
        """Remove the line, and write to the streams directly again."""
        with self._lock:
            self.erase()
            for stream, wrapper in self._wrapped:
                if stream.__dict__.get("write") is wrapper:
                    del stream.write
            self._wrapped.clear()

    def fits(self, line: str) -> bool:
        """Tell whether a line leaves the last column free."""
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
    """Tell whether standard output is a person's terminal; ansible-runner, and so AWX, makes it a terminal, too."""
    return (
        sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "AWX_ISOLATED_DATA_DIR" not in os.environ
    )


def encodable(text: str, stream: TextIO) -> str:
    """Return a text as a stream can encode it: in ASCII, if it can't encode the separator."""
    encoding = stream.encoding or "ascii"
    try:
        "·".encode(encoding)
    except (LookupError, UnicodeError):
        return text.replace("·", "-").encode("ascii", "replace").decode()
    return text.encode(encoding, "replace").decode(encoding)
