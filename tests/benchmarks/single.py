# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The single module compared with a minimal one that makes the same call, and its polling with fixed intervals."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import boto3
from ansible_collections.selfservice.aws.plugins.module_utils._progress import Progress
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.api import ServiceCatalog
from ansible_collections.selfservice.aws.plugins.module_utils._servicecatalog.models import Record
from ansible_collections.selfservice.aws.plugins.module_utils._wait.schedule import WaitOptions
from ansible_collections.selfservice.aws.plugins.module_utils._wait.wait import wait_for_record
from emulator import Control, Emulator, EmulatorClock

from .figures import Figure, Finding, Plot
from .processes import ansible, emulator, fleet, listed, run

ROUNDS = 25
LENGTHS = {"5 s": 5, "20 s": 20, "2 min": 120, "20 min": 1200}
DELAYS: dict[str, float | None] = {"adaptive": None, "every 5 s": 5, "every 15 s": 15, "every 30 s": 30}
# Several durations around each length, so that the end does not always fall right before a poll.
SPREAD = [0.9 + step / 100 for step in range(21)]


def measure_cost() -> Iterator[Finding]:
    """Run the module and a minimal one as whole `ansible` processes, in turn."""
    ratios, calls = [], []
    with emulator(fleet(1)) as control:
        arguments = f"provisioned_product_id={listed(control)[0]} service_action_id=act-1"
        for _round in range(ROUNDS + 1):
            minimal, ours = (
                _ad_hoc(control, name, arguments)
                for name in ("minimal_service_action", "selfservice.aws.servicecatalog_service_action")
            )
            ratios.append(ours[0] / minimal[0])
            calls.append((ours[1], minimal[1]))
    # The first round compiled the files and read them from disk.
    ratios = sorted(ratios[1:])
    assert set(calls) == {(1, 1)}, calls
    yield Figure(
        "CPU of an ansible process that runs the module by ids without wait, over one that runs a minimal module",
        statistics.median(ratios),
        "times",
        bound=1.05,
        remark=f"Median of {ROUNDS} alternating rounds, from {ratios[0]:.2f} to {ratios[-1]:.2f}; one API call each. "
        "The extra cost is how Ansible handles module_utils: in every run it parses, packs and compiles those of this "
        "collection. Counted in instructions, the worker takes 5 % and the module 9 % more",
    )


def measure_waiting() -> Iterator[Finding]:
    """Wait for actions of several lengths on a simulated clock, which gives the same figures on every machine."""
    lags: dict[tuple[str, str], float] = {}
    polls: dict[tuple[str, str], float] = {}
    with Emulator(world=fleet(1), clock="manual") as running:
        for length, seconds in LENGTHS.items():
            for way, delay in DELAYS.items():
                pairs = [_measure_lag(running, seconds * part, delay) for part in SPREAD]
                lags[length, way] = statistics.mean(lag for lag, _polls in pairs)
                polls[length, way] = statistics.mean(count for _lag, count in pairs)
    for length in LENGTHS:
        bars = {f"{way}, {polls[length, way]:.1f} polls": lags[length, way] for way in DELAYS}
        yield Plot(f"Seconds from the end of an action of {length} until it is noticed", bars, "s")
    yield Figure(
        "An action of 20 min: polls with the adaptive interval over polls every 5 s",
        polls["20 min", "adaptive"] / polls["20 min", "every 5 s"],
        "times",
    )
    yield Figure(
        "An action of 5 s: delay until its end is noticed, adaptive interval over every 5 s",
        lags["5 s", "adaptive"] / lags["5 s", "every 5 s"],
        "times",
    )


def _ad_hoc(control: Control, name: str, arguments: str) -> tuple[float, int]:
    """Run a module with `ansible`; return the CPU seconds of all its processes and the number of API calls."""
    control.reset()
    usage = run([ansible("ansible"), "localhost", "-m", name, "-a", arguments], control)
    return usage.cpu, len(control.calls())


def _measure_lag(running: Emulator, seconds: float, delay: float | None) -> tuple[float, int]:
    """Run an action of `seconds` to its end; return the seconds from its end to its detection, and the polls."""
    running.reset(fleet(1, seconds=seconds))
    client = boto3.client(
        "servicecatalog",
        region_name="us-east-1",
        endpoint_url=running.url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="not-a-real-secret-key",
    )
    product = client.search_provisioned_products()["ProvisionedProducts"][0]["Id"]
    started = client.execute_provisioned_product_service_action(
        ProvisionedProductId=product, ServiceActionId="act-1", ExecuteToken="token-1"
    )
    clock = EmulatorClock(running, jitter=0.5)
    wait_for_record(
        ServiceCatalog(client),
        Record(started["RecordDetail"]),
        WaitOptions(7200, delay),
        keep=lambda _record: None,
        clock=clock,
        started=clock.monotonic(),
        replayed=False,
        how_to_continue="",
        how_to_retry="",
        warn=print,
        progress=Progress(clock, ""),
    )
    return clock.slept - seconds, len(running.calls("DescribeRecord"))
