# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bulk run whose process tree is killed several times, then run to its end."""

from __future__ import annotations

import json
import random
from typing import Any, Callable

from emulator import Emulator

TARGETS = 200
MODULE = "selfservice.aws.servicecatalog_service_action_bulk"


def test_two_hundred_targets_make_two_hundred_records_despite_kills_at_random_moments(
    run: Callable[..., Any], kill: Callable[..., None], emulator: Emulator
) -> None:
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": 60}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "generated": [{"count": TARGETS, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1"}],
        }
    )
    emulator.fault(EXECUTE := "ExecuteProvisionedProductServiceAction", "slow", seconds=0.2)
    chance = random.Random(4711)
    options = {"search_query": ["web"], "service_action_name": "Restart", "change_id": "change-1"}
    command = ["ansible", "localhost", "-m", MODULE, "-a", json.dumps({**options, "max_concurrency": "100"})]
    seen = 0
    for _kill in range(3):
        seen += chance.randint(20, 50)
        kill(lambda wanted=seen: len(emulator.calls(EXECUTE)) >= wanted, *command)
    assert 0 < len(emulator.records()) < TARGETS
    emulator.clear_faults()
    done = run(*command)
    assert done.code == 0, done.output
    assert len(emulator.records()) == TARGETS
    assert json.loads(done.output.split("=>", 1)[1])["summary"]["succeeded"] == TARGETS
