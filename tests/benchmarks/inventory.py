# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of 10,000 provisioned products: the plugin beside a static file of the same hosts and bare paging."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from emulator import Control

from .figures import Figure, Finding, Plot
from .listing import PRODUCTS
from .processes import HERE, Usage, ansible, emulator, fleet, run

ROUNDS = 1
PLUGIN = "selfservice.aws.servicecatalog_provisioned_products"


def measure() -> Iterator[Finding]:
    """Have ansible-inventory print all hosts from either, in turn; what it prints must agree."""
    rounds = []
    with emulator(fleet(PRODUCTS)) as control, tempfile.TemporaryDirectory() as folder:
        source, static = Path(folder) / "servicecatalog.yml", Path(folder) / "hosts.yml"
        source.write_text(f"plugin: {PLUGIN}\n")
        hosts = _hosts(_listed(source, control))
        assert len(hosts) == PRODUCTS
        static.write_text(yaml.safe_dump({"servicecatalog": {"hosts": hosts}}))
        for _round in range(ROUNDS):
            plugin = _listed(source, control)
            bare = run([sys.executable, str(HERE / "bare_listing.py")], control)
            file = _listed(static, control)
            assert _hosts(plugin) == _hosts(file) == hosts
            rounds.append((plugin, file, bare))
    for what, taken in (("time", "seconds"), ("CPU", "cpu")):
        each = [[getattr(usage, taken) for usage in usages] for usages in rounds]
        ratios = [plugin / (file + bare) for plugin, file, bare in each]
        yield Figure(
            f"ansible-inventory of 10,000 provisioned products: {what} over that of a static file plus bare paging",
            statistics.median(ratios),
            "times",
            bound=1.3,
            remark=f"Median of {ROUNDS} rounds in turn, from {min(ratios):.2f} to {max(ratios):.2f}",
        )
    middle = [statistics.median(usage.seconds for usage in column) for column in zip(*rounds)]
    yield Plot("Seconds to list 10,000 hosts", dict(zip(("the plugin", "a static file", "bare paging"), middle)), "s")


def _listed(source: Path, control: Control) -> Usage:
    return run([ansible("ansible-inventory"), "-i", str(source), "--list"], control)


def _hosts(listed: Usage) -> dict[str, Any]:
    """Return the hosts that were printed; what ansible-core says to be unsafe is as plain as in the file."""

    def plain(members: dict[str, Any]) -> Any:
        return members.get("__ansible_unsafe", members)

    text = listed.output[listed.output.index("{") : listed.output.rindex("}") + 1]
    found: dict[str, Any] = json.loads(text, object_hook=plain)["_meta"]["hostvars"]
    return found
