# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The build tree outside the checkout, with everything that the checks make: docs/adr/0001-build-tree.md."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
_BASE = Path(os.environ.get("SELFSERVICE_BUILD") or "~/.cache").expanduser().resolve()
# One for each checkout, in a folder with the name of the collection, so that `clean` removes nothing else.
BUILD = _BASE / "selfservice.aws" / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Let one process at a time run the body; the others wait."""
    if BUILD.is_relative_to(CHECKOUT):
        raise SystemExit(f"SELFSERVICE_BUILD is in the checkout, where ansible-test finds nothing to test: {BUILD}")
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"Waiting for another process that uses {file.name}\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def link(path: Path, target: Path) -> None:
    """Make a symbolic link, unless it exists and is right, since other processes may be using it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not (path.is_symlink() and path.readlink() == target):
        path.unlink(missing_ok=True)
        path.symlink_to(target)


def copy_checkout(part: str, tree: Path) -> Path:
    """Return a copy of this collection beside the other collections of a tree; ansible-test wants real files."""
    root = BUILD / part / "ansible_collections"
    copy = root / "selfservice/aws"
    shutil.rmtree(copy, ignore_errors=True)
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (source := CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
    link(root / "amazon", tree / "ansible_collections/amazon")
    return copy
