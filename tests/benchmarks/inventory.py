# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of 10,000 provisioned products: the plugin compared with a static file and bare pagination."""

from __future__ import annotations

import json
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

PLUGIN = "selfservice.aws.servicecatalog_provisioned_products"


def measure() -> Iterator[Finding]:
    """Run ansible-inventory with the plugin and with a static file, which must print the same hosts."""
    with emulator(fleet(PRODUCTS)) as control, tempfile.TemporaryDirectory() as folder:
        source, static = Path(folder) / "servicecatalog.yml", Path(folder) / "hosts.yml"
        source.write_text(f"plugin: {PLUGIN}\n")
        plugin = _listed(source, control)
        hosts = _hosts(plugin)
        assert len(hosts) == PRODUCTS
        static.write_text(yaml.safe_dump({"servicecatalog": {"hosts": hosts}}))
        bare = run([sys.executable, str(HERE / "bare_listing.py")], control)
        file = _listed(static, control)
        assert _hosts(file) == hosts
    what = "ansible-inventory with the plugin for 10,000 products, over a static file plus a bare boto3 script"
    remark = "One run of each, one after the other; reading the static file takes minutes"
    yield Figure(f"Time of {what}", plugin.seconds / (file.seconds + bare.seconds), "times", bound=1.3, remark=remark)
    yield Figure(f"CPU of {what}", plugin.cpu / (file.cpu + bare.cpu), "times", bound=1.3, remark="The same runs")
    bars = {"the plugin": plugin.seconds, "a static file": file.seconds, "boto3 script": bare.seconds}
    yield Plot("Seconds to list 10,000 hosts", bars, "s")


def _listed(source: Path, control: Control) -> Usage:
    return run([ansible("ansible-inventory"), "-i", str(source), "--list"], control)


def _hosts(listed: Usage) -> dict[str, Any]:
    """Return the printed hosts, with texts that ansible-core marks as unsafe as plain ones."""

    def plain(members: dict[str, Any]) -> Any:
        return members.get("__ansible_unsafe", members)

    text = listed.output[listed.output.index("{") : listed.output.rindex("}") + 1]
    found: dict[str, Any] = json.loads(text, object_hook=plain)["_meta"]["hostvars"]
    return found
