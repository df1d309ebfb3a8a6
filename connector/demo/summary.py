"""The end of the demo in numbers, and whether they add up."""

from __future__ import annotations

from dataclasses import dataclass

from connector.demo import text


@dataclass(frozen=True, slots=True)
class Summary:
    """What was produced, and what was found.

    Attributes:
        produced: Events that Kafka took.
        found: Different events in the bucket.
        duplicates: Events found once more than they should be.
        missing: Events produced and not found.
        strangers: Events found and never produced.
        first_round_seconds: From the first event produced until the last of the round was found.
    """

    produced: int
    found: int
    duplicates: int
    missing: int
    strangers: int
    objects: int
    size_bytes: int
    first_round_records: int
    first_round_seconds: float
    peak_records_per_second: float
    assume_role_calls: int

    @property
    def adds_up(self) -> bool:
        """Every record produced is in the bucket, exactly once."""
        return self.found == self.produced and not (self.duplicates or self.missing or self.strangers)

    def rows(self) -> list[tuple[str, str]]:
        """Labels and values, for a table or for lines."""
        seconds = self.first_round_seconds
        rate = self.first_round_records / seconds if seconds else 0.0
        return [
            ("records in", f"{self.produced:,}"),
            ("records found in the bucket", f"{self.found:,}"),
            ("duplicates", f"{self.duplicates:,}"),
            ("missing", f"{self.missing:,}"),
            *([("never produced", f"{self.strangers:,}")] if self.strangers else []),
            ("objects", f"{self.objects:,}"),
            ("bytes (compressed)", f"{self.size_bytes:,}  ({text.size(self.size_bytes)})"),
            ("seconds, first produced to last found", f"{seconds:.1f}"),
            ("records/s over these", f"{rate:,.0f}"),
            ("records/s read at best", f"{self.peak_records_per_second:,.0f}"),
            ("AssumeRole calls", f"{self.assume_role_calls:,}"),
        ]
