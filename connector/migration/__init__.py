"""Configs of other connectors rewritten into ours, key by key, with the reason for each.

``rewrite.py`` finds out whose a config is; ``aiven.py``, ``confluent.py`` and ``camel.py`` know one each.
"""

from connector.migration.rewrite import Rewritten, rewritten

__all__ = ["Rewritten", "rewritten"]
