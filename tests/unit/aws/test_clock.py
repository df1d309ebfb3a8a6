"""How far clocks are apart."""

from __future__ import annotations

from connector.aws.clock import is_wrong, skew_seconds, skew_text


def test_clocks_are_compared_by_the_date_of_an_answer() -> None:
    answer = {"Date": "Thu, 01 Jan 2026 12:00:00 GMT"}
    noon = 1767268800
    assert skew_seconds(answer, noon + 300) == 300
    assert skew_seconds({}, noon) is None
    assert skew_seconds({"date": "nonsense"}, noon) is None


def test_a_clock_is_wrong_from_four_minutes_on() -> None:
    assert not is_wrong(-239)
    assert is_wrong(-241)
    assert is_wrong(241)
    assert skew_text(-300) == "5 min behind"
    assert skew_text(2) == "2 s ahead"
