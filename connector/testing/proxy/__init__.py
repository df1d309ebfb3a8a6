"""A proxy before an AWS server that fails, cuts, delays and slows requests as a test says: `FaultProxy`."""

from connector.testing.proxy.fault import FOREVER, Answer, Ending, FaultScript
from connector.testing.proxy.request import ApiRequest
from connector.testing.proxy.server import Exchange, FaultProxy

__all__ = ["FOREVER", "Answer", "ApiRequest", "Ending", "Exchange", "FaultProxy", "FaultScript"]
