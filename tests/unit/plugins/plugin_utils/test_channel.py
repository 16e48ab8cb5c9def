# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel's socket is private, and only sockets of killed runs are removed."""

from __future__ import annotations

import io
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress.channel import Channel
from ansible_collections.selfservice.aws.plugins.plugin_utils._progress.terminal import encodable


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        monkeypatch.setenv("TMPDIR", made)
        yield Path(made)


def create_stale_channel(folder: Path, name: str) -> Path:
    """Create the folder and socket that a killed run leaves behind."""
    left = folder / f"selfservice.aws.{name}"
    left.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(left / "progress"))
    return left


def test_the_socket_is_private_and_removed_when_closed(folder: Path) -> None:
    channel = Channel()
    assert stat.S_IMODE(channel.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(channel.address).stat().st_mode) == 0o600
    channel.close()
    assert list(folder.iterdir()) == []


def test_stale_channels_are_removed_and_nothing_else(folder: Path) -> None:
    living = Channel()
    gone = create_stale_channel(folder, "killed")
    empty = folder / "selfservice.aws.empty"
    empty.mkdir(mode=0o700)
    public = create_stale_channel(folder, "public")
    public.chmod(0o755)
    filled = create_stale_channel(folder, "filled")
    (filled / "more").touch()
    (folder / "elsewhere").mkdir(mode=0o700)
    linked = folder / "selfservice.aws.link"
    linked.symlink_to(folder / "elsewhere")
    Channel().close()
    assert not gone.exists()
    assert not empty.exists()
    assert public.exists()
    assert (filled / "more").exists()
    assert linked.is_symlink()
    living.close()


def test_stale_channels_of_another_user_are_not_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = create_stale_channel(folder, "theirs")
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    Channel().close()
    assert left.exists()


@pytest.mark.parametrize("place", ["/proc", "/nowhere", "/dev/null"])
def test_an_unusable_temporary_folder_is_an_error_that_names_it(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", place)
    with pytest.raises(OSError, match=place):
        Channel()


def test_a_path_too_long_for_a_socket_leaves_no_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = folder / ("x" * 120)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    with pytest.raises(OSError, match="too long"):
        Channel()
    assert list(deep.iterdir()) == []


@pytest.mark.usefixtures("folder")
def test_messages_sent_before_the_stop_are_received() -> None:
    channel = Channel()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"1", channel.address)
    channel.stop()
    assert channel.receive(5) == [1]
    assert channel.receive(5) is None
    channel.close()


@pytest.mark.usefixtures("folder")
def test_messages_that_are_not_json_are_ignored() -> None:
    channel = Channel()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for message in (b"{", b"\xff\xfe", b'{"pid": 1}'):
            sender.sendto(message, channel.address)
    assert channel.receive(5) == [{"pid": 1}]
    assert channel.receive(0) == []
    channel.close()


@pytest.mark.parametrize(
    ("encoding", "encoded"), [("utf-8", "1/2 · Bücher"), ("latin-1", "1/2 · Bücher"), ("ascii", "1/2 - B?cher")]
)
def test_characters_that_the_output_cannot_encode_are_replaced(encoding: str, encoded: str) -> None:
    assert encodable("1/2 · Bücher", io.TextIOWrapper(io.BytesIO(), encoding=encoding)) == encoded
