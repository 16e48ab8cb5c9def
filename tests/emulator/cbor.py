# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subset of CBOR (RFC 8949) that AWS uses, independent of botocore's implementation and its bugs."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE, _BREAK = 31, 0xFF
_LENGTHS = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_CONSTANTS = {20: False, 21: True, 22: None, 23: None}
_TIME = 1


def encode(value: Any) -> bytes:
    """Encode a value as CBOR; a datetime becomes a tagged time."""
    if value is None or isinstance(value, bool):
        return bytes([_SIMPLE << 5 | {False: 20, True: 21, None: 22}[value]])
    if isinstance(value, int):
        return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    if isinstance(value, float):
        return bytes([_SIMPLE << 5 | 27]) + struct.pack(">d", value)
    if isinstance(value, datetime.datetime):
        return _head(_TAG, _TIME) + encode(value.timestamp())
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, Mapping):
        return _head(_MAP, len(value)) + b"".join(encode(key) + encode(member) for key, member in value.items())
    return _head(_LIST, len(value)) + b"".join(map(encode, value))


def decode(body: bytes) -> Any:
    """Decode a body; raise ValueError if it is not CBOR, or if data follows the value."""
    stream = BytesIO(body)
    value = _decode(stream, _read(stream, 1)[0])
    if stream.read(1):
        raise ValueError("there is data after the value")
    return value


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    length = next(each for each in _LENGTHS if number < 1 << (8 << each - 24))
    return bytes([kind << 5 | length]) + struct.pack(_LENGTHS[length], number)


def _decode(stream: BytesIO, first: int) -> Any:
    kind, info = first >> 5, first & 31
    if kind == _SIMPLE:
        return _decode_simple(stream, info)
    if kind in (_UNSIGNED, _NEGATIVE, _TAG):
        number = _number(stream, info)
        if kind == _TAG:
            return _decode_tagged(stream, number)
        return number if kind == _UNSIGNED else -1 - number
    if kind == _MAP:
        items = list(_items(stream, info, 2))
        return dict(zip(items[::2], items[1::2]))
    return list(_items(stream, info, 1)) if kind == _LIST else _decode_text(stream, kind, info)


def _decode_text(stream: BytesIO, kind: int, info: int) -> Any:
    parts = _items(stream, info, 1) if info == _INDEFINITE else [_read(stream, _number(stream, info))]
    whole = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return whole.decode() if kind == _TEXT else whole


def _decode_simple(stream: BytesIO, info: int) -> Any:
    if info in _FLOATS:
        return struct.unpack(_FLOATS[info], _read(stream, struct.calcsize(_FLOATS[info])))[0]
    if info not in _CONSTANTS:
        raise ValueError(f"unknown simple value {info}")
    return _CONSTANTS[info]


def _decode_tagged(stream: BytesIO, tag: int) -> Any:
    value = _decode(stream, _read(stream, 1)[0])
    if tag != _TIME or not isinstance(value, (int, float)):
        raise ValueError(f"the tag {tag} and its value are not a time in seconds")
    return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)


def _items(stream: BytesIO, info: int, each: int) -> Iterator[Any]:
    """Yield the items of a list, map or text: `each` times the encoded count, or until a break."""
    left = -1 if info == _INDEFINITE else _number(stream, info) * each
    while left:
        first = _read(stream, 1)[0]
        if left < 0 and first == _BREAK:
            return
        yield _decode(stream, first)
        left -= 1


def _number(stream: BytesIO, info: int) -> int:
    if info < 24:
        return info
    if info not in _LENGTHS:
        raise ValueError(f"invalid length {info}")
    return int(struct.unpack(_LENGTHS[info], _read(stream, struct.calcsize(_LENGTHS[info])))[0])


def _read(stream: BytesIO, size: int) -> bytes:
    data = stream.read(min(size, 1 << 30))
    if len(data) != size:
        raise ValueError("the data is truncated")
    return data
