# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks that are shown to people, against the emulator, have in their environment; and clients for CBOR."""

from __future__ import annotations

import pathlib

from botocore import parsers

ENVIRONMENT = {
    "ANSIBLE_CALLBACKS_ENABLED": "selfservice.aws.progress",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_NOCOWS": "true",
    # The emulator takes any keys, unless it is told which.
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "emulator",
}

# As AWS_DATA_PATH, it makes botocore speak CBOR to Service Catalog, if it can.
CBOR_CLIENT = str(pathlib.Path(__file__).parent / "cbor_client")
HAS_CBOR = hasattr(parsers, "RpcV2CBORParser")
