# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel is private, and what killed runs leave is removed, and nothing else."""

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


def left_over(folder: Path, name: str) -> Path:
    """Make what a killed run leaves."""
    left = folder / f"selfservice.aws.{name}"
    left.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(left / "progress"))
    return left


def test_it_is_private_and_gone_when_closed(folder: Path) -> None:
    channel = Channel()
    assert stat.S_IMODE(channel.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(channel.address).stat().st_mode) == 0o600
    channel.close()
    assert list(folder.iterdir()) == []


def test_what_killed_runs_left_is_removed_and_what_others_use_is_not(folder: Path) -> None:
    living = Channel()
    gone = left_over(folder, "killed")
    empty = folder / "selfservice.aws.empty"
    empty.mkdir(mode=0o700)
    public = left_over(folder, "public")
    public.chmod(0o755)
    filled = left_over(folder, "filled")
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


def test_what_another_user_left_is_not_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = left_over(folder, "theirs")
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    Channel().close()
    assert left.exists()


@pytest.mark.parametrize("place", ["/proc", "/nowhere", "/dev/null"])
def test_without_a_place_it_says_so(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", place)
    with pytest.raises(OSError, match=place):
        Channel()


def test_a_path_too_long_for_a_socket_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = folder / ("x" * 120)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    with pytest.raises(OSError, match="too long"):
        Channel()
    assert list(deep.iterdir()) == []


@pytest.mark.usefixtures("folder")
def test_what_came_before_the_stop_is_received() -> None:
    channel = Channel()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"1", channel.address)
    channel.stop()
    assert channel.receive(5) == [1]
    assert channel.receive(5) is None
    channel.close()


@pytest.mark.usefixtures("folder")
def test_what_is_no_json_is_ignored() -> None:
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
def test_a_line_is_as_the_output_can_show_it(encoding: str, encoded: str) -> None:
    assert encodable("1/2 · Bücher", io.TextIOWrapper(io.BytesIO(), encoding=encoding)) == encoded
