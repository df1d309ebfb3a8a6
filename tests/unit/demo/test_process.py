from __future__ import annotations

from connector.demo.process import isolated


def test_nothing_of_the_users_aws_or_worker_reaches_the_demo() -> None:
    environment = isolated(
        {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "x", "CONNECT_LISTENERS": "x", "PATH": "/bin"}
    )
    assert environment["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL", "CONNECT_LISTENERS"} & set(environment)
    assert environment["AWS_CONFIG_FILE"] == "/dev/null"


def test_a_proxy_is_not_asked_for_this_machine() -> None:
    assert isolated({"no_proxy": "example.com"})["no_proxy"] == "example.com,127.0.0.1"


def test_isolating_twice_changes_nothing_but_the_proxies() -> None:
    once = isolated({"PATH": "/bin"})
    twice = isolated(once)
    assert set(once) == set(twice)
