import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.rest.negotiation import accepts_json, takes_body


@given(st.text(max_size=30))
def test_no_header_however_odd_makes_the_decision_fail(header: str) -> None:
    assert accepts_json(header) in {True, False}
    assert takes_body(header) in {True, False}


@pytest.mark.parametrize(
    ("accept", "decision"),
    [
        (None, True),
        ("application/json", True),
        ("application/json;q=0", False),
        ("application/json;q=0, */*", False),
        ("*/*, application/json;q=0.0", False),
        ("text/*", False),
        ("application/*;q=0, */*", False),
        ("text/html, */*;q=0.1", True),
    ],
)
def test_the_most_specific_range_decides(accept: str | None, decision: bool) -> None:
    assert accepts_json(accept) is decision
