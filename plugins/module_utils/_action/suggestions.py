# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggest existing names or ids for one that does not exist."""

from __future__ import annotations

from collections.abc import Collection
from typing import Callable, NamedTuple

from .._secrets.masker import mask

# The most similar names in a message, the most other names in it, and the most items of the fact `choices`.
_MOST_CLOSE, _MOST_OTHERS, _MOST_CHOICES = 3, 17, 100
# The cutoff of difflib. Unrelated ids of the same kind have a ratio of 0.7.
_LEAST_RATIO = 0.75


class Suggestions(NamedTuple):
    """The existing names, as sentences for a message and as the fact `choices`."""

    text: str
    choices: list[str]


def suggest(wanted: str, known: Collection[str], *, heading: str, show: Callable[[str], str] = mask) -> Suggestions:
    """Return the existing names, those similar to `wanted` first; `heading` introduces them if none is similar."""
    # Imported here, because only failures need it.
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in sorted(known, reverse=True)}
    lower = wanted.lower()
    same = [lower] if lower in by_lower else get_close_matches(lower, by_lower, _MOST_CLOSE, _LEAST_RATIO)
    close = [by_lower[each] for each in same]
    others = sorted(set(known) - set(close))
    shown = [show(each) for each in others[:_MOST_OTHERS]]
    listed = ", ".join([*shown, "and more"] if len(others) > _MOST_OTHERS else shown)
    text = f"{heading}: {listed or 'none'}."
    if close:
        text = f"Did you mean {' or '.join(map(show, close))}?" + (f" Others: {listed}." if others else "")
    return Suggestions(text, [show(each) for each in [*close, *others][:_MOST_CHOICES]])
