# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that a user would write instead of the module: read all pages with boto3, convert them, print JSON."""

from __future__ import annotations

import json
import re

import boto3


def snake(name: str) -> str:
    """Return a member's name in snake_case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def main() -> None:
    client = boto3.client("servicecatalog")
    given = {
        "AccessLevelFilter": {"Key": "Account", "Value": "self"},
        "SortBy": "id",
        "SortOrder": "ASCENDING",
        "PageSize": 100,
    }
    found, token = [], None
    while True:
        page = client.search_provisioned_products(**given, **({"PageToken": token} if token else {}))
        for product in page["ProvisionedProducts"]:
            tags = {tag["Key"]: tag["Value"] for tag in product.pop("Tags", [])}
            shaped = {snake(name): value for name, value in product.items()}
            shaped["created_time"] = shaped["created_time"].isoformat()
            found.append({**shaped, "tags": tags})
        token = page.get("NextPageToken")
        if not token:
            break
    print(json.dumps({"changed": False, "provisioned_products": found}))


if __name__ == "__main__":
    main()
