import pytest

from connector.config.listener import Listener, parse_listeners


@pytest.mark.parametrize(
    ("text", "listeners"),
    [
        ("http://127.0.0.1:8083", [Listener("127.0.0.1", 8083)]),
        ("http://:8083", [Listener("", 8083)]),
        ("HTTP://connect.example:80/", [Listener("connect.example", 80)]),
        (" http://[::1]:8083 , http://a:0 ", [Listener("::1", 8083), Listener("a", 0)]),
    ],
)
def test_listeners_read_as_kafka_connect_writes_them(text: str, listeners: list[Listener]) -> None:
    assert parse_listeners(text) == tuple(listeners)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "At least one"),
        (" , ", "At least one"),
        ("127.0.0.1:8083", "no listener"),
        ("http://a", "no listener"),
        ("http://a:65536", "no listener"),
        ("http://a:x", "no listener"),
        ("http://::1:80", "no listener"),
        ("ftp://a:1", "protocol ftp"),
        ("http://a:1,http://a:1", "more than once"),
    ],
)
def test_a_listener_that_cannot_be_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_listeners(text)


@pytest.mark.parametrize("text", ["http://127.0.0.1:8083", "http://:8083", "http://[::1]:8083"])
def test_a_listener_is_shown_as_it_is_written(text: str) -> None:
    assert str(parse_listeners(text)[0]) == text
