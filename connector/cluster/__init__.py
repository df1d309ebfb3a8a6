"""Where connectors and statuses are kept, who is alive, who runs what.

``standalone.py`` and ``distributed.py`` are the two herders that answer REST. Alone, ``held_connectors.py``
runs what is decided; in a cluster ``config_writer.py`` writes it, ``follower.py`` has all workers follow, and
``overview.py`` tells what is known. ``changes.py``, ``reading.py`` and ``sink_offsets.py`` serve both.
"""
