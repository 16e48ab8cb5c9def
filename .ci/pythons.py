# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the Python interpreters of this machine that can make virtual environments."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

MINORS = range(9, 15)
# Distributions ship Pythons without these; a virtual environment made by such a one has no pip or can't download.
PROBE = (
    "import ensurepip, os, ssl, sys, venv, zlib;"
    "print(sys.version_info.minor, sys.version_info.micro, os.path.realpath(sys.executable))"
)


class Python(NamedTuple):
    """An interpreter of Python 3, compared by its version."""

    minor: int
    micro: int
    path: Path

    @property
    def name(self) -> str:
        """The version as ansible-test and file names have it, such as ``3.12``."""
        return f"3.{self.minor}"

    @property
    def version(self) -> str:
        """The full version, such as ``3.12.1``."""
        return f"3.{self.minor}.{self.micro}"


def find_pythons() -> dict[int, Python]:
    """Return the newest interpreter of each minor version found, by minor version, oldest first."""
    candidates = {folder / f"python3.{minor}" for folder in _folders() for minor in MINORS}
    interpreters = {candidate.resolve() for candidate in candidates if candidate.is_file()}
    with ThreadPoolExecutor() as pool:
        found = sorted(filter(None, pool.map(_probe, interpreters)))
    return {python.minor: python for python in found if python.minor in MINORS}


def _folders() -> Iterator[Path]:
    """Yield the folders of the PATH, but for pyenv's shims, which may refuse, the folders behind them."""
    roots = {Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")}
    for folder in map(Path, os.get_exec_path()):
        if (folder.parent / "versions").is_dir():
            roots.add(folder.parent)
        else:
            yield folder
    for root in roots:
        yield from root.glob("versions/*/bin")


def _probe(path: Path) -> Python | None:
    """Return what the interpreter says of itself, None if it can't make a virtual environment."""
    try:
        answer = subprocess.run(
            [path, "-I", "-c", PROBE], capture_output=True, check=True, stdin=subprocess.DEVNULL, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    minor, micro, real_path = answer.stdout.strip().split(maxsplit=2)
    return Python(int(minor), int(micro), Path(real_path))
