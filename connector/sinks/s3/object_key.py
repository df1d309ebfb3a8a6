"""Which names S3 takes for objects."""

from __future__ import annotations

MAX_KEY_BYTES = 1024
"""S3's limit of an object key, in UTF-8."""


def climbs(name: str) -> bool:
    """Whether ``..`` leads out of the bucket.

    S3 refuses such names, and a proxy that cleans paths writes them into another bucket of the store.
    """
    depth = 0
    for element in name.split("/") if ".." in name else ():
        if element == "..":
            depth -= 1
        elif element not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False


def fault_of(name: str) -> str | None:
    """What is wrong with a name."""
    size = len(name.encode())
    if not 0 < size <= MAX_KEY_BYTES:
        return f"would be in an object whose name has {size} bytes; S3 allows 1 to {MAX_KEY_BYTES}."
    if climbs(name):
        return (
            "would be in an object whose name leads out of the bucket by its .. elements, which S3 refuses:"
            " file.name.escape=all makes each key one level."
        )
    return None
