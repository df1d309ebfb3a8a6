"""Placement: balanced, sticky, true to roles, and the same for everybody."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from connector.cluster.placement import Member, Need, Owners, place
from connector.cluster.status_records import Owner

ROLES = ("big", "eu", "gpu")


def member(number: int, roles: frozenset[str] = frozenset()) -> Member:
    return Member(Owner(f"id-{number}", f"host-{number}:8083"), roles)


names = st.text("abcdef", min_size=1, max_size=4)
alike = st.integers(1, 6).map(lambda count: [member(number) for number in range(count)])
needs = st.dictionaries(names, st.builds(Need, st.integers(0, 9)), max_size=8)
role_sets = st.frozensets(st.sampled_from(ROLES))
workers = st.lists(role_sets, max_size=6).map(
    lambda sets: [member(number, roles) for number, roles in enumerate(sets)]
)
needs_of_roles = st.dictionaries(names, st.builds(Need, st.integers(0, 6), role_sets), max_size=8)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Owners]:
    """Who ran what before, however unevenly, the dead among them."""
    owners = st.none() | st.integers(0, 8).map(lambda number: member(number).owner)
    return draw(st.dictionaries(names, st.lists(owners, max_size=10).map(tuple), max_size=8))


def totals(plan: dict[str, Owners], members: list[Member]) -> Counter[str]:
    return Counter({each.owner.id: 0 for each in members}) + Counter(
        owner.id for owners in plan.values() for owner in owners if owner
    )


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


def moved(before: dict[str, Owners], after: dict[str, Owners]) -> int:
    return sum(
        one != other
        for name, owners in after.items()
        for one, other in zip(before.get(name, ()), owners, strict=False)
    )


@given(needs, alike, histories())
def test_every_task_has_a_live_worker_and_none_has_two_more_than_another(
    needs: dict[str, Need], members: list[Member], former: dict[str, Owners]
) -> None:
    plan = place(needs, members, former)

    alive = {each.owner for each in members}
    assert {name: len(owners) for name, owners in plan.items()} == {
        name: need.tasks for name, need in needs.items()
    }
    assert all(owner in alive for owners in plan.values() for owner in owners)
    for owners in plan.values():
        counts = Counter(owner.id for owner in owners if owner)
        assert spread([counts[each.owner.id] for each in members]) <= 1
    total = Counter(owner.id for owners in plan.values() for owner in owners if owner)
    assert spread([total[each.owner.id] for each in members]) <= 1


@given(needs_of_roles, workers, histories(), st.frozensets(st.integers(0, 8), max_size=3))
def test_placing_again_moves_nothing(
    needs: dict[str, Need], members: list[Member], former: dict[str, Owners], away: frozenset[int]
) -> None:
    awaited = {f"id-{number}" for number in away}
    plan = place(needs, members, former, awaited)

    assert place(needs, members, plan, awaited) == plan


@given(needs_of_roles, workers, histories(), st.randoms())
def test_everybody_finds_the_same_in_whatever_order_they_know_it(
    needs: dict[str, Need], members: list[Member], former: dict[str, Owners], dice: object
) -> None:
    shuffled = list(needs.items())
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    assert place(dict(shuffled), members[::-1], former) == place(needs, members, former)


@given(needs_of_roles, workers, histories())
def test_a_task_runs_only_where_all_roles_are_and_nowhere_only_if_they_are_not(
    needs: dict[str, Need], members: list[Member], former: dict[str, Owners]
) -> None:
    roles = {each.owner: each.roles for each in members}
    for name, owners in place(needs, members, former).items():
        able = {owner for owner, has in roles.items() if needs[name].roles <= has}
        assert all(owner in able if able else owner is None for owner in owners)


@given(needs, alike, st.data())
def test_when_a_worker_goes_only_its_own_tasks_move(
    needs: dict[str, Need], members: list[Member], data: st.DataObject
) -> None:
    before = place(needs, members, {})
    gone = data.draw(st.sampled_from(members))
    rest = [each for each in members if each is not gone]
    after = place(needs, rest, before)
    if not rest:
        return
    lost = sum(owner == gone.owner for owners in before.values() for owner in owners)
    # What evens out the connectors and the totals afterwards moves at most as much again.
    assert moved(before, after) <= 2 * lost


@given(needs, alike)
def test_when_a_worker_joins_little_more_moves_than_what_it_takes(
    needs: dict[str, Need], members: list[Member]
) -> None:
    before = place(needs, members, {})
    new = member(99)
    after = place(needs, [*members, new], before)

    taken = sum(owner == new.owner for owners in after.values() for owner in owners)
    # What it takes may leave the others uneven, by one for each task.
    assert moved(before, after) <= 2 * taken


@given(needs, alike, st.data())
def test_tasks_of_a_worker_that_may_come_back_stay_its_own(
    needs: dict[str, Need], members: list[Member], data: st.DataObject
) -> None:
    before = place(needs, members, {})
    away = data.draw(st.sampled_from(members))
    rest = [each for each in members if each is not away]
    during = place(needs, rest, before, {away.owner.id})

    for name, owners in before.items():
        for task, owner in enumerate(owners):
            if owner == away.owner:
                assert during[name][task] == away.owner
    if rest:
        # Nothing moves meanwhile, and nothing when it is back, with another id at the same address.
        back = Member(Owner("id-new", away.owner.worker_id))
        after = place(needs, [*rest, back], during, {away.owner.id})
        assert sum(owner == back.owner for owners in after.values() for owner in owners) >= sum(
            owner == away.owner for owners in before.values() for owner in owners
        ) - len(needs)


def test_workers_that_share_an_address_are_not_each_others_successors() -> None:
    one, other = Owner("a", "same:8083"), Owner("b", "same:8083")
    before = place({"c": Need(2)}, [Member(one), Member(other)], {})

    after = place({"c": Need(2)}, [Member(other)], before, {"a"})

    assert set(after["c"]) == {one, other}


def test_two_hundred_connectors_of_four_tasks_are_placed_quickly_and_evenly() -> None:
    needs = {f"connector-{number}": Need(4) for number in range(200)}
    members = [member(number) for number in range(3)]
    plan = place(needs, members, {})
    assert sorted(totals(plan, members).values()) == [266, 267, 267]

    after = place(needs, members[:2], plan)
    assert moved(plan, after) <= 267 + 67
    assert sorted(totals(after, members[:2]).values()) == [400, 400]
