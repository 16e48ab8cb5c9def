# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel to which modules send their progress: a socket in a private folder, removed when the run ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PREFIX, _SOCKET = "selfservice.aws.", "progress"
_LONGEST_MESSAGE = 65536
_STOP = b""


class Channel:
    """A Unix datagram socket in the temporary folder that only this user can open.

    Raises OSError if it can't be created, because the folder is not writable or its path is too long for a socket.
    """

    def __init__(self) -> None:
        folder = temporary_folder()
        _remove_leftovers(folder)
        # mkdtemp creates the folder with mode 0700.
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        self.address = str(self.folder / _SOCKET)
        self._owner = os.getpid()
        self._is_stopped = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(self.address)
            Path(self.address).chmod(stat.S_IRUSR | stat.S_IWUSR)
        except OSError:
            self.close()
            raise
        # Workers must not inherit the socket: if one outlived a killed run, the run would seem to be still listening.
        os.register_at_fork(after_in_child=self._socket.close)

    def receive(self, timeout: float | None) -> list[Any] | None:
        """Wait for messages and return them, or None after stop().

        `timeout` is in seconds; None waits forever. The list is empty if no message arrived in time.
        """
        if self._is_stopped:
            return None
        messages: list[Any] = []
        self._socket.settimeout(timeout)
        with contextlib.suppress(TimeoutError, BlockingIOError):
            while (received := self._socket.recv(_LONGEST_MESSAGE)) != _STOP:
                messages += _decode(received)
                self._socket.settimeout(0)
            self._is_stopped = True
        return messages

    def stop(self) -> None:
        """Make receive() return None."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(1)
            sender.sendto(_STOP, self.address)

    def remove(self) -> None:
        """Remove the folder."""
        if os.getpid() == self._owner:
            _remove(self.folder)

    def close(self) -> None:
        """Close the socket and remove the folder."""
        self.remove()
        self._socket.close()


def temporary_folder() -> Path:
    """Return the folder for temporary files. Unlike tempfile, never fall back to the current directory."""
    return Path(os.environ.get("TMPDIR") or "/tmp")


def _decode(message: bytes) -> Iterator[Any]:
    with contextlib.suppress(ValueError):
        yield json.loads(message)


def _remove_leftovers(folder: Path) -> None:
    """Remove the channels that killed runs of this user have left behind."""
    for each in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = each.lstat()
            is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == stat.S_IRWXU
            if is_private and found.st_uid == os.geteuid() and not _has_listener(each / _SOCKET):
                _remove(each)


def _has_listener(address: Path) -> bool:
    """Return whether a process has the socket open. A process id would be unreliable, because ids are reused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.connect(str(address))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True


def _remove(folder: Path) -> None:
    # Not rmtree: remove only what Channel created.
    with contextlib.suppress(OSError):
        (folder / _SOCKET).unlink(missing_ok=True)
        folder.rmdir()
