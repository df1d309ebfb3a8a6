"""Our metrics once more under the names that Kafka Connect's JMX metrics have in users' dashboards."""

from connector.rest.jmx.bean import Style
from connector.rest.jmx.connect import ConnectMetrics

__all__ = ["ConnectMetrics", "Style"]
