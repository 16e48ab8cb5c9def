# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of all tests: --cbor; --seeds, the number of random cases; and --seed, which runs a single one."""

from __future__ import annotations

import os

import pytest
from emulator.environment import CBOR_CLIENT, HAS_CBOR

# By fixture: how many seeds there are by default, and how many of them are not marked as exhaustive.
SEEDS = {"seed": (200, 10), "process_seed": (12, 1)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cbor", action="store_true", help="let botocore speak CBOR to Service Catalog, instead of JSON")
    parser.addoption("--seeds", type=int, help="how many seeds random tests have; fewer of those with processes")
    parser.addoption("--seed", type=int, help="the only seed of random tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--cbor"):
        if not HAS_CBOR:
            raise pytest.UsageError("--cbor: this release of botocore can't speak CBOR")
        os.environ["AWS_DATA_PATH"] = CBOR_CLIENT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, (number, few) in SEEDS.items():
        if name in metafunc.fixturenames:
            given, only = metafunc.config.getoption("--seeds"), metafunc.config.getoption("--seed")
            last = number if given is None else -(-given * number // SEEDS["seed"][0])
            seeds = range(1, last + 1) if only is None else (only,)
            marks = {seed: () if seed <= few or only else (pytest.mark.exhaustive,) for seed in seeds}
            metafunc.parametrize(name, [pytest.param(seed, marks=marks[seed]) for seed in seeds])
