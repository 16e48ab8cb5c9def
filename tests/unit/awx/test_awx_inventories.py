# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWX rejects the same inventory sources as AWX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from awx import Awx
from awx.errors import ApiError
from awx.resource_types import RESOURCE_TYPES

SOURCES = RESOURCE_TYPES["inventory_sources"]
FILE = "fleet.servicecatalog.yml"


@pytest.fixture
def awx() -> Iterator[Awx]:
    with Awx() as running:
        yield running


def source(awx: Awx, **changed: Any) -> dict[str, Any]:
    """Return a valid source of a new inventory, with the given fields changed."""
    organization = awx.all("organizations")["Default"]["id"]
    inventory = awx.store.add("inventories", name="Databases", organization=organization)
    project, credential = awx.all("projects")["Operations"]["id"], awx.all("credentials")["AWS operator"]["id"]
    of_project = {"source": "scm", "source_project": project, "source_path": FILE}
    return {"name": "Databases", "inventory": inventory, "credential": credential, **of_project, **changed}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"credential": [4]}, "Not a valid value"),
        ({"credential": 99}, "object does not exist"),
        ({"source_project": None}, "Project required for scm type sources"),
        ({"source": "ec2"}, "if not SCM type"),
        ({"source": "custom"}, "not a valid choice"),
        ({"inventory": None}, "This field is required"),
    ],
)
def test_an_invalid_source_is_rejected(awx: Awx, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError, match=message):
        awx.store.create(SOURCES, source(awx, **changed))
    assert not awx.all("inventory_sources")


def test_a_source_of_a_smart_inventory_or_a_manual_project_is_rejected(awx: Awx) -> None:
    valid = source(awx)
    awx.all("inventories")["Databases"]["kind"] = "smart"
    with pytest.raises(ApiError, match="Cannot create Inventory Source for Smart"):
        awx.store.create(SOURCES, valid)
    awx.all("inventories")["Databases"]["kind"] = ""
    awx.all("projects")["Operations"]["scm_type"] = ""
    with pytest.raises(ApiError, match="Cannot use manual project"):
        awx.store.create(SOURCES, valid)


def test_a_name_is_unique_within_an_organization_or_an_inventory(awx: Awx) -> None:
    valid = source(awx)
    awx.store.create(SOURCES, valid)
    with pytest.raises(ApiError, match="already exists"):
        awx.store.create(SOURCES, valid)
    inventory = {"name": "Databases", "organization": awx.all("organizations")["Default"]["id"]}
    with pytest.raises(ApiError, match="already exists"):
        awx.store.create(RESOURCE_TYPES["inventories"], inventory)
    another = awx.store.add("organizations", name="Another")
    assert awx.store.create(RESOURCE_TYPES["inventories"], {**inventory, "organization": another})[0] == 201


def test_an_update_gets_its_credential_and_requires_the_file(awx: Awx) -> None:
    awx.store.create(SOURCES, source(awx))
    update = awx.update_inventory("Databases")
    assert (update.path, sorted(update.environment)) == (FILE, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    awx.all("inventory_sources")["Databases"]["source_path"] = "nothing.yml"
    with pytest.raises(ApiError, match="was not found in the project"):
        awx.update_inventory("Databases")


def test_a_secret_that_is_sent_back_masked_is_kept(awx: Awx) -> None:
    credential = awx.all("credentials")["AWS operator"]
    secret = credential["inputs"]["password"]
    sent = {"inputs": {"username": "AKIDOTHER", "password": "$encrypted$"}}
    awx.store.update(RESOURCE_TYPES["credentials"], credential, sent)
    assert credential["inputs"] == {"username": "AKIDOTHER", "password": secret}


def test_only_a_superuser_can_create_a_credential_type(awx: Awx) -> None:
    awx.store.is_superuser = False
    with pytest.raises(ApiError, match="You do not have permission"):
        awx.store.create(RESOURCE_TYPES["credential_types"], {"name": "x", "kind": "cloud"})
