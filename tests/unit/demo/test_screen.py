from __future__ import annotations

import io

from rich.console import Console

from connector.demo import panel
from connector.demo.bucket import StoredObject
from connector.demo.figures import Figures, Rates
from connector.demo.screen import PlainScreen, screen_for
from connector.demo.summary import Summary
from connector.demo.view import Credentials, View

SUMMARY = Summary(
    produced=1000,
    found=1000,
    duplicates=0,
    missing=0,
    strangers=0,
    objects=4,
    size_bytes=2048,
    first_round_records=1000,
    first_round_seconds=2.0,
    peak_records_per_second=900.0,
    assume_role_calls=1,
)


def full_view() -> View:
    view = View(produced=1000, found=500, objects=2, object_bytes=99, rates=Rates(10.0, 20.0, 30.0))
    for number in range(20):
        view.step(f"step {number}").finish("detail")
    view.credentials = Credentials("arn:aws:iam::123456789012:role/r", "session", 1.7e9)
    view.figures = Figures(budget_bytes=1024, lag={0: 5, 1: 0})
    view.latest.extend(StoredObject(f"topic/2026/{number}.gz", 10, 99) for number in range(9))
    view.is_live = True
    return view


def drawn(view: View, width: int, height: int) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, height=height, force_terminal=False).print(panel.panel(view, height))
    return stream.getvalue().splitlines()


def test_a_stream_that_is_no_terminal_gets_lines_without_cursor_control() -> None:
    stream = io.StringIO()
    screen = screen_for(stream)
    assert isinstance(screen, PlainScreen)
    with screen:
        screen.refresh(full_view())
        screen.say("title", ["line"])
        screen.summary(SUMMARY)
    assert "\x1b" not in stream.getvalue()
    assert "records found in the bucket" in stream.getvalue()


def test_lines_tell_each_step_once_in_the_order_they_are_done() -> None:
    stream, view = io.StringIO(), View()
    screen = screen_for(stream)
    first, second = view.step("first"), view.step("second")
    screen.refresh(view)
    second.finish("2")
    screen.refresh(view)
    first.finish("1")
    screen.refresh(view)
    screen.refresh(view)
    assert stream.getvalue().splitlines() == ["[ok] second: 2", "[ok] first: 1"]


def test_the_panel_fits_a_terminal_of_80_by_24() -> None:
    lines = drawn(full_view(), 80, 24)
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80


def test_the_panel_shows_the_latest_steps_and_objects() -> None:
    text = "\n".join(drawn(full_view(), 120, 60))
    assert "step 19" in text
    assert "8.gz" in text
    assert "arn:aws:iam::123456789012:role/r" in text


def test_the_panel_of_nothing_can_be_drawn() -> None:
    assert drawn(View(), 80, 24)
