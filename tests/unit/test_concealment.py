import json
import logging

import pytest

from connector import logs
from connector.concealment import conceal, remember


def test_a_value_is_shown_as_its_reference_also_where_it_was_escaped() -> None:
    value = 'conceal-"me"\nöst'
    remember(value, "${file:/k:a}")
    assert conceal(f"<{value}>") == "<${file:/k:a}>"
    assert conceal(json.dumps(value)) == '"${file:/k:a}"'
    assert "conceal-" not in conceal(repr(value))


def test_short_values_are_left_alone_unless_they_are_secret() -> None:
    remember("zq7", "${env:A}", is_secret=True)
    remember("zq7-zq7", "${env:A}")
    remember("zq8-zq8", "${env:B}", is_secret=True)
    assert conceal("zq7 zq7-zq7 zq8-zq8") == "zq7 zq7-zq7 ${env:B}"


def test_the_longest_value_goes_first() -> None:
    remember("overlapping", "${env:SHORT}")
    remember("overlapping-and-more", "${env:LONG}")
    assert conceal("overlapping-and-more") == "${env:LONG}"


@pytest.mark.parametrize("as_json", [True, False])
def test_no_log_line_holds_what_a_reference_stood_for(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    remember("log-canary-value", "${file:/k:log}")
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure(as_json=as_json)
        logs.get("ours").warning("event with log-canary-value", field="log-canary-value")
        try:
            raise ValueError("log-canary-value")
        except ValueError:
            logging.getLogger("theirs").exception("failed: %s", "log-canary-value")
    finally:
        root.handlers[:], root.level = before, level
    shown = capsys.readouterr().err
    assert "log-canary-value" not in shown
    assert shown.count("${file:/k:log}") >= 4


def test_a_login_in_a_url_is_not_shown() -> None:
    text = "cannot connect to http://plant:hunter2-secret@proxy:3128/path?mail=a@b"
    assert conceal(text) == "cannot connect to http://[hidden]@proxy:3128/path?mail=a@b"
