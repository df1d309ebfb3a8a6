"""What a bucket's lifecycle rules mean for uploads and state objects of the sink; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.check import ok, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.check import Finding

LEAST_DAYS = 7
"""As long as Kafka keeps the offsets of a group that is stopped (``offsets.retention.minutes``)."""
_LEAST_STATE_DAYS = 30


def lifecycle_finding(
    rules: Sequence[dict[str, Any]], keys: Sequence[str], least_days: int = LEAST_DAYS
) -> Finding:
    """Whether incomplete uploads of all these keys are removed by some rule, and by none too early.

    Args:
        rules: Of the bucket.
        keys: Of objects.
        least_days: That an upload may be needed for while a connector is stopped.
    """
    if not rules:
        return _no_rule("the bucket has no lifecycle rule")
    prefixes = [_rule_prefix(rule) for rule in rules if _aborts(rule)]
    if not prefixes:
        return _no_rule("no enabled rule aborts incomplete uploads")
    missed = [key for key in keys if not key.startswith(tuple(prefixes))]
    if missed:
        return _no_rule(f"the rules that abort incomplete uploads do not cover {missed[0]}")
    days = min(
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules if _aborts(rule)
    )
    if days < least_days:
        return warning(
            f"incomplete uploads are aborted after {days} day(s): those of a connector that is stopped for"
            " longer are written again, or the task fails if their names have the time of the wall clock",
            f"let the rule wait {least_days} days, and longer than objects stay open",
        )
    return ok(f"incomplete uploads are aborted, the first after {days} day(s)")


def state_finding(rules: Sequence[dict[str, Any]], prefix: str) -> Finding:
    """Whether state objects that are superseded and may not be deleted go, and none that is still needed."""
    expiring = [rule for rule in rules if rule.get("Status") == "Enabled" and "Expiration" in rule]
    found = [
        rule
        for rule in expiring
        if prefix.startswith(where := _rule_prefix(rule)) or where.startswith(prefix)
    ]
    days = [rule["Expiration"]["Days"] for rule in found if "Days" in rule["Expiration"]]
    if days and min(days) < _LEAST_STATE_DAYS:
        return warning(
            f"objects below {prefix} expire after {min(days)} day(s), also state that is still needed",
            f"let them stay {_LEAST_STATE_DAYS} days, and longer than objects stay open and the connector is"
            " ever stopped",
        )
    if not any(prefix.startswith(_rule_prefix(rule)) for rule in found):
        return warning(
            f"no rule expires objects below {prefix}: where s3:DeleteObject is not granted, state that is"
            " superseded stays and is paid for",
            "grant s3:DeleteObject there (connector aws policy --optional), or add a lifecycle rule with"
            f" Expiration for {prefix}, e.g. after {_LEAST_STATE_DAYS} days",
        )
    return ok(
        f"objects below {prefix} expire, the first after {min(days)} day(s)" if days else "there is a rule"
    )


def _aborts(rule: dict[str, Any]) -> bool:
    return rule.get("Status") == "Enabled" and "AbortIncompleteMultipartUpload" in rule


def _rule_prefix(rule: dict[str, Any]) -> str:
    """Where a rule applies (S3 API reference, LifecycleRule: in the filter, or beside it as it once was)."""
    where = rule.get("Filter", {})
    return str(where.get("Prefix") or where.get("And", {}).get("Prefix") or rule.get("Prefix") or "")


def _no_rule(fact: str) -> Finding:
    return warning(
        f"{fact}: what a killed worker leaves unfinished stays, unseen, and is paid for",
        "add a lifecycle rule with AbortIncompleteMultipartUpload, longer than an upload takes, e.g. 7 days",
    )
