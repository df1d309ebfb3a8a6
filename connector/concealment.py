"""Takes values that references stood for out of texts that are shown: logs, statuses, reasons.

What is remembered is bounded, the most recent stay; the process has one memory, since its log has one end.
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict

HIDDEN = "[hidden]"
"""What Kafka shows in place of a password."""

SHORTEST = 8
"""Shorter values are found in any text (true, orders), and hiding them would make texts unreadable."""

SHORTEST_SECRET = 4
_LOGIN = re.compile(r"://[^/\s@]+@")
_MOST = 2000
_shown_instead: OrderedDict[str, str] = OrderedDict()
_longest_first: tuple[tuple[str, str], ...] = ()
_lock = threading.Lock()


def remember(value: str, shown: str, *, is_secret: bool = False) -> None:
    """From now on show ``shown`` where ``value`` would stand; short values are left alone."""
    global _longest_first  # noqa: PLW0603 - readers take the tuple as it is, without the lock
    if len(value.strip()) < (SHORTEST_SECRET if is_secret else SHORTEST):
        return
    # The text goes into lines of JSON as it is.
    safe = shown if shown.isprintable() and not set(shown) & {'"', "\\"} else HIDDEN
    with _lock:
        if value in _shown_instead:
            _shown_instead.move_to_end(value)
            return
        _shown_instead[value] = safe
        while len(_shown_instead) > _MOST:
            _shown_instead.popitem(last=False)
        forms = {form: shown for value, shown in _shown_instead.items() for form in _forms(value)}
        _longest_first = tuple(sorted(forms.items(), key=lambda item: -len(item[0])))


def conceal(text: str) -> str:
    """``text`` without any value that is remembered, and without logins in URLs, as of a proxy."""
    for form, shown in _longest_first:
        if form in text:
            text = text.replace(form, shown)
    return _LOGIN.sub(f"://{HIDDEN}@", text) if "@" in text else text


def _forms(value: str) -> set[str]:
    """How it may stand in a text: as it is, without blanks at its ends, in JSON, in a repr."""
    return {
        form
        for written in (value, value.strip())
        for form in (written, json.dumps(written)[1:-1], repr(written)[1:-1])
    }
