"""How people read what is committed for a connector: a line per partition, one per upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MIB = 1024 * 1024


def lines(found: Mapping[str, Any]) -> str:
    """All of it, as JSON has it."""
    if not found["partitions"]:
        return f"Group {found['group']} has committed nothing."
    text = [f"Group {found['group']}"]
    for partition in found["partitions"]:
        text += _partition(partition)
    return "\n".join(text)


def _partition(found: Mapping[str, Any]) -> Iterator[str]:
    where = f"{found['topic']}-{found['partition']}"
    cut = found.get("cut")
    yield f"{where}: offset {found['offset']}" + ("" if cut is None else f", read from {cut}")
    if "state_object" in found:
        yield f"  state object s3://{found['bucket']}/{found['state_object']}"
    for upload in found.get("uploads", ()):
        yield from _upload(upload)
    if "fault" in found:
        yield f"  fault: {found['fault']}"
        if found["remedy"]:
            yield f"  to do: {found['remedy']}"


def _upload(found: Mapping[str, Any]) -> Iterator[str]:
    age = "" if found["age_seconds"] is None else f", {_age(found['age_seconds'])} old"
    earlier = ", of an earlier topic of the name" if found["of_an_earlier_topic"] else ""
    yield (
        f"  {found['state']} s3://{found['bucket']}/{found['key']}: {found['records']} records from"
        f" {found['first_offset']}, {found['parts']} parts, {found['bytes'] / _MIB:.1f} MiB{age}{earlier}"
    )
    yield f"    upload {found['upload_id'] or 'not yet created'}"


def _age(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
