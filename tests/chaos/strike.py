"""Faults of S3, as plans name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from connector.testing.proxy import FOREVER

if TYPE_CHECKING:
    from connector.testing.proxy import FaultProxy
    from tests.chaos.plan import Action


def strike(proxy: FaultProxy, action: Action) -> None:
    """Let requests fail, so that the server has carried them out, or not."""
    operation, chance = action.operation, action.amount
    when: Literal["before", "after"] = "after" if action.detail.endswith("after") else "before"
    match action.detail.split()[0]:
        case "fail":
            proxy.fail(operation, FOREVER, when=when, probability=chance)
        case "cut":
            proxy.cut(operation, FOREVER, when=when, probability=chance)
        case "refuse":
            proxy.fail(operation, FOREVER, status=500, code="InternalError", when=when, probability=chance)
        case _:
            proxy.complete_with_error_body(3, when="before" if chance < 0.2 else "after")
