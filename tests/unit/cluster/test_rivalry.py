"""Two clusters on the same topics: one of them places tasks, and the other says why it does not."""

from __future__ import annotations

from connector.cluster.rivalry import QUIET_SECONDS, Rivalry, others
from connector.cluster.status_records import Placed


def test_of_two_clusters_one_gives_way_for_as_long_as_the_other_places() -> None:
    first, second = Rivalry("a"), Rivalry("b")
    for now in (100.0, 130.0, 100.0 + QUIET_SECONDS):
        first.saw(Placed(1, (), "b"), now)
        second.saw(Placed(1, (), "a"), now)
        assert (first.gives_way(now), second.gives_way(now)) == (False, True)
    assert not second.gives_way(100.0 + 2 * QUIET_SECONDS)


def test_nobody_gives_way_to_its_own_cluster_or_to_one_that_does_not_say() -> None:
    mine = Rivalry("b")
    for group in ("b", None):
        mine.saw(Placed(1, (), group), 1.0)
    assert not mine.gives_way(1.0)


def test_other_clusters_are_known_by_what_they_have_placed() -> None:
    placements = {name: Placed(1, (), name if name != "x" else None) for name in "abx"}
    assert others(placements, "a") == {"b"}
