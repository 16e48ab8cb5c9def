# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing 10,000 provisioned products: the module's process compared with a bare boto3 script."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator

from .figures import Figure, Finding
from .processes import HERE, emulator, fleet, run, run_module

PRODUCTS = 10_000
ROUNDS = 5


def measure() -> Iterator[Finding]:
    """List all products with the script and the module in turn; both must print all of them."""
    ratios = []
    with emulator(fleet(PRODUCTS)) as control:
        for _round in range(ROUNDS):
            bare = run([sys.executable, str(HERE / "bare_listing.py")], control)
            module, result = run_module("servicecatalog_provisioned_product_info", control)
            assert len(json.loads(bare.output)["provisioned_products"]) == PRODUCTS
            assert len(result["provisioned_products"]) == PRODUCTS
            ratios.append(module.cpu / bare.cpu)
    yield Figure(
        "CPU of listing 10,000 provisioned products, over a bare boto3 script",
        statistics.median(ratios),
        "times",
        remark=f"Median of {ROUNDS} alternating rounds, from {min(ratios):.2f} to {max(ratios):.2f}; "
        "whole processes of the module and of the script",
    )
