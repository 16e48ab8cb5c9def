# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of listing 10,000 provisioned products: the module's own process beside a bare boto3 script.

Run it with `make bench`. Both talk to the same emulator, in turn; the figure is the ratio of user and system time of
the two processes, and the number of products that they print must agree.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from emulator import Emulator

MODULE = "ansible_collections.selfservice.aws.plugins.modules.servicecatalog_provisioned_product_info"
PRODUCTS = 10_000
ROUNDS = 5
WORLD = {
    "products": [{"id": "prod-1", "name": "web", "artifacts": [{"id": "pa-1", "name": "v1"}]}],
    "generated": [
        {"count": PRODUCTS, "name": "web-{n:05}", "product": "prod-1", "artifact": "pa-1", "tags": {"team": "web"}}
    ],
}


def cpu_seconds(command: list[str], env: dict[str, str], sent: str = "") -> float:
    """Return the user and system time of a command that prints all products."""
    before = os.times()
    done = subprocess.run(command, env=env, input=sent, capture_output=True, text=True, check=True)
    after = os.times()
    assert len(json.loads(done.stdout)["provisioned_products"]) == PRODUCTS, done.stdout[:1000]
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    tree = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]
    with Emulator(world=WORLD) as emulator:
        env = {
            **os.environ,
            "PYTHONPATH": tree,
            "AWS_ENDPOINT_URL": emulator.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key",
        }
        bare = [sys.executable, str(Path(__file__).with_name("bare_listing.py"))]
        module = [sys.executable, "-m", MODULE]
        options = json.dumps({"ANSIBLE_MODULE_ARGS": {}})
        pairs = [(cpu_seconds(bare, env), cpu_seconds(module, env, options)) for _round in range(ROUNDS)]
    ratios = sorted(mine / theirs for theirs, mine in pairs)
    print(f"listing {PRODUCTS} provisioned products, CPU time of the process, {ROUNDS} rounds in turn:")
    print(f"  bare boto3 script  median {statistics.median(theirs for theirs, _mine in pairs):.2f} s")
    print(f"  the module         median {statistics.median(mine for _theirs, mine in pairs):.2f} s")
    print(f"  ratio              median {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
