# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions are tested together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pythons import Python


class Core(NamedTuple):
    """A supported ansible-core: the minor versions of Python that run it, and the amazon.aws of its time."""

    version: str
    oldest: int
    newest: int
    amazon: int


CORES = (
    Core("2.17", oldest=10, newest=12, amazon=9),
    Core("2.18", oldest=11, newest=13, amazon=9),
    Core("2.19", oldest=11, newest=13, amazon=10),
    Core("2.20", oldest=12, newest=14, amazon=10),
    Core("2.21", oldest=12, newest=14, amazon=11),
)
# What `make test` runs on the oldest: where older versions break something, if anything. The matrix runs everything.
ON_OLDEST = (
    "tests/unit",
    "--ignore=tests/unit/test_faults.py",
    "tests/integration/test_examples.py",
    "tests/integration/test_inventory.py",
    "tests/integration/test_role.py",
    "tests/integration/test_runner.py",
    "tests/integration/test_running_service_actions.py",
)
NEWEST_AMAZON = max(core.amazon for core in CORES)
# The development tools need it.
OLDEST_MAIN_PYTHON = 11
# Too old for the newest ansible-core itself, which still runs modules on them: on the oldest with the oldest boto3.
MODULE_PYTHONS = (9, 10)


@dataclass(frozen=True)
class Combination:
    """Versions that are tested together."""

    core: str
    python: Python
    amazon: int
    oldest_boto3: bool = False

    @property
    def name(self) -> str:
        """A short name for files."""
        return f"core{self.core}-py{self.python.name}{'-oldest-boto3' if self.oldest_boto3 else ''}"

    def __str__(self) -> str:
        boto3 = ", the oldest boto3" if self.oldest_boto3 else ""
        return f"ansible-core {self.core} on Python {self.python.version}, amazon.aws {self.amazon}{boto3}"


def combinations(pythons: Mapping[int, Python]) -> list[Combination]:
    """Return one combination for each ansible-core that the Pythons can run, oldest first.

    The last has the newest Python and amazon.aws, the others the oldest Python that they run on. The first of each
    amazon.aws, but for the last combination, has the oldest boto3 that this amazon.aws allows.
    """
    able = [(core, minors) for core in CORES if (minors := _minors(core, pythons))]
    if not able or able[-1][1][-1] < OLDEST_MAIN_PYTHON:
        raise SystemExit(f"No Python of 3.{OLDEST_MAIN_PYTHON} to 3.{CORES[-1].newest} found that has venv and pip.")
    newest = able[-1][0]
    first = {core.amazon: core for core, _minors_of_it in reversed(able)}
    return [
        Combination(
            core.version,
            pythons[minors[-1] if core is newest else minors[0]],
            amazon=NEWEST_AMAZON if core is newest else core.amazon,
            oldest_boto3=core is first[core.amazon] and core is not newest,
        )
        for core, minors in able
    ]


def module_pythons(pythons: Mapping[int, Python]) -> list[tuple[Python, bool]]:
    """Return the Pythons that only modules can run on, each with whether it has the oldest boto3."""
    found = [pythons[minor] for minor in MODULE_PYTHONS if minor in pythons]
    return [(python, python is found[0]) for python in found]


def _minors(core: Core, pythons: Mapping[int, Python]) -> list[int]:
    """Return the minor versions of Python that run this ansible-core, oldest first."""
    return [minor for minor in sorted(pythons) if core.oldest <= minor <= core.newest]
