from __future__ import annotations

import json

import pytest

from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Verdict
from connector.sinks.eventbridge.answer import refusals

DONE = {"EventId": "1"}


def answer(*entries: dict[str, str], separators: tuple[str, str] = (",", ":")) -> bytes:
    failed = sum("ErrorCode" in entry for entry in entries)
    return json.dumps({"FailedEntryCount": failed, "Entries": entries}, separators=separators).encode()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_nothing_is_refused_when_nothing_failed(separators: tuple[str, str]) -> None:
    assert refusals(answer(DONE, DONE, separators=separators), 2, "bus") == {}


@pytest.mark.parametrize("text", [b"<html>", b"", b"[]", b'{"Entries":[1]}', b"{}", answer(DONE)])
def test_what_does_not_tell_about_every_entry_is_no_answer(text: bytes) -> None:
    """A proxy's page, say: nobody knows what was taken, so everything is sent again."""
    with pytest.raises(RetriableError):
        refusals(text, 2, "bus")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("InternalFailure", Verdict.RETRY),
        ("ThrottlingException", Verdict.THROTTLED),
        ("InvalidArgument", Verdict.NEVER),
        ("MalformedDetail", Verdict.NEVER),
        ("RedactionFailure", Verdict.NEVER),
    ],
)
def test_the_failed_entry_is_named_with_what_becomes_of_it(code: str, verdict: Verdict) -> None:
    found = refusals(answer(DONE, {"ErrorCode": code, "ErrorMessage": "why"}, DONE), 3, "bus")
    assert list(found) == [1]
    assert (found[1].verdict, found[1].code, found[1].message) == (verdict, code, "why")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AccessDeniedException", "grant events:PutEvents on bus"),
        ("NotAuthorizedForSourceException", "events:source"),
        ("NotAuthorizedForDetailTypeException", "events:detail-type"),
        ("InvalidAccountIdException", "account"),
        ("SomethingNewException", "documentation"),
    ],
)
def test_a_denial_is_nobodys_record_and_stops_the_task(code: str, remedy: str) -> None:
    with pytest.raises(AccessError, match=code) as caught:
        refusals(answer(DONE, {"ErrorCode": code}), 2, "bus")
    assert remedy in caught.value.remedy


def test_an_answer_about_fewer_entries_makes_all_be_sent_again() -> None:
    with pytest.raises(RetriableError, match="1 of 2"):
        refusals(b'{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure"}]}', 2, "bus")


def test_a_message_that_quotes_a_success_hides_no_failure() -> None:
    entry = {"ErrorCode": "InternalFailure", "ErrorMessage": '"FailedEntryCount":0'}
    assert list(refusals(answer(entry), 1, "bus")) == [0]


def test_an_entry_without_an_event_id_was_not_taken() -> None:
    found = refusals(b'{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{}]}', 2, "bus")
    assert [refusal.verdict for refusal in found.values()] == [Verdict.RETRY]


def test_an_error_code_counts_even_where_none_is_said_to_have_failed() -> None:
    entries = '[{"EventId":"1"},{"ErrorCode":"InternalFailure"}]'
    found = refusals(f'{{"FailedEntryCount":0,"Entries":{entries}}}'.encode(), 2, "bus")
    assert list(found) == [1]
