"""Checklists: order, what depends on what, deadlines, repetition, secrets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.check import Check, Checklist, Finding, Outcome, ok, skipped, warning
from connector.errors import AccessError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.check import Step


async def done(*checks: Check, deadline_seconds: float = 60) -> dict[str, Step]:
    return {step.name: step async for step in Checklist(checks).steps(deadline_seconds)}


def finding(found: Finding) -> Callable[[], Awaitable[Finding]]:
    async def find() -> Finding:
        return found

    return find


def raising(error: Exception) -> Callable[[], Awaitable[Finding]]:
    async def find() -> Finding:
        raise error

    return find


GOOD = finding(ok("good"))
BAD = raising(AccessError("refused", remedy="grant it"))


async def test_a_refusal_is_a_failure_with_its_remedy() -> None:
    step = (await done(Check("a", BAD)))["a"]
    assert (step.outcome, step.detail, step.remedy) == (Outcome.FAILED, "refused", "grant it")


async def test_what_needs_a_failed_check_is_skipped_and_names_the_first_cause() -> None:
    steps = await done(Check("a", BAD), Check("b", GOOD, ("a",)), Check("c", GOOD, ("b",)), Check("d", GOOD))
    assert [step.outcome.value for step in steps.values()] == ["failed", "skipped", "skipped", "ok"]
    assert steps["c"].detail == "not tried, since this failed: a"


async def test_warnings_and_what_cannot_be_told_stop_nothing() -> None:
    unsure, cannot_tell = finding(warning("hm", "look")), finding(skipped("cannot tell"))
    steps = await done(Check("a", unsure), Check("b", cannot_tell), Check("c", GOOD, ("a", "b")))
    assert steps["c"].outcome is Outcome.OK


async def test_what_may_pass_is_repeated() -> None:
    attempts = 0

    async def find() -> Finding:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise RetriableError("busy")
        return ok("at last")

    assert (await done(Check("a", find)))["a"].detail == "at last"


async def test_what_does_not_pass_in_time_is_a_failure_that_quotes_the_last_refusal() -> None:
    step = (await done(Check("a", raising(RetriableError("busy"))), deadline_seconds=0.05))["a"]
    assert step.outcome is Outcome.FAILED
    assert "last: busy" in step.detail
    assert "throttles" in step.remedy


async def test_silence_is_a_failure_at_the_deadline() -> None:
    async def find() -> Finding:
        await asyncio.Event().wait()
        return ok("never")

    steps = await done(Check("a", find), Check("b", GOOD), deadline_seconds=0.05)
    assert steps["a"].outcome is Outcome.FAILED
    assert steps["a"].detail == "no answer within 0.05 s"
    assert steps["b"].outcome is Outcome.OK


async def test_all_checks_together_end_in_time_and_what_was_left_out_is_told() -> None:
    async def find() -> Finding:
        await asyncio.Event().wait()
        return ok("never")

    checks = [Check("a", find), Check("b", GOOD), Check("c", GOOD, ("a",))]
    steps = {step.name: step async for step in Checklist(checks).steps(5, total_seconds=0.05)}
    assert [step.outcome.value for step in steps.values()] == ["failed", "failed", "skipped"]
    assert steps["a"].detail.startswith("no answer within 0.0")
    assert "all of the 0.05 s" in steps["b"].detail


async def test_what_may_pass_by_itself_is_told_from_what_may_not() -> None:
    steps = await done(Check("a", raising(RetriableError("busy"))), Check("b", BAD), deadline_seconds=0.05)
    assert (steps["a"].may_pass, steps["b"].may_pass) == (True, False)


async def test_a_check_that_breaks_does_not_hide_the_others() -> None:
    steps = await done(Check("a", raising(KeyError("oops"))), Check("b", GOOD))
    assert steps["a"].outcome is Outcome.FAILED
    assert "KeyError" in steps["a"].detail
    assert steps["b"].outcome is Outcome.OK


async def test_secrets_are_hidden_in_details_and_remedies() -> None:
    checks = [Check("a", raising(AccessError("no s3cret", remedy="correct s3cret")))]
    checklist = Checklist(checks, lambda text: text.replace("s3cret", "[hidden]"))
    (step,) = [step async for step in checklist.steps()]
    assert (step.detail, step.remedy) == ("no [hidden]", "correct [hidden]")
