# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's validation of inventory sources, and the updates of inventory sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import bad_request, validation_error

Item = dict[str, Any]
Items = Mapping[str, Mapping[int, Item]]


@dataclass(frozen=True)
class InventoryUpdate:
    """An update of an inventory source: the path of its file in the project, the environment and the image."""

    path: str
    environment: dict[str, str]
    image: str | None


def check_inventory_source(item: Item, items: Items, old: Item | None) -> None:
    """Reject an inventory source that AWX rejects."""
    if old and old["inventory"] != item["inventory"]:
        raise validation_error(inventory="This field can't be changed.")
    if items["inventories"][item["inventory"]]["kind"]:
        raise validation_error(detail="Cannot create Inventory Source for Smart or Constructed Inventories")
    project = items["projects"].get(item["source_project"] or 0)
    if item["source"] != "scm":
        if item["source_project"] or item["source_path"]:
            raise validation_error(detail="Cannot set source_project source_path if not SCM type.")
    elif project is None:
        raise validation_error(source_project="Project required for scm type sources.")
    elif not project["scm_type"]:
        raise validation_error(source_project="Cannot use manual project for SCM-based inventory.")


def check_update(source: Item, items: Items) -> None:
    """Reject an update if the project does not have the source's file. AWX accepts the source, but its update fails."""
    if source["source_path"] not in items["projects"][source["source_project"]]["inventory_files"]:
        raise bad_request(f"Source file {source['source_path']} was not found in the project.")
