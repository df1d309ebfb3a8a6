"""Where the demo's worker listens."""

from __future__ import annotations

import socket

from connector.demo.worker import free_port


def test_demos_that_start_together_are_given_different_ports_before_anybody_listens() -> None:
    with free_port() as first, free_port() as second, free_port() as third:
        assert len({first, second, third}) == 3


def test_a_port_that_somebody_listens_on_is_not_given() -> None:
    with free_port() as port:
        pass
    with socket.create_server(("127.0.0.1", port)), free_port() as other:
        assert other != port
