"""The facts about S3 that exactly-once delivery rests on; servers and the simulator are held to them alike.

::

    class TestMyStore(S3AnswersContract):
        manners = MINIO

        @pytest.fixture
        def store(self):
            return BotoStore(my_server, my_bucket)
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

from connector.testing.s3_answers import (
    DONE,
    ENTITY_TOO_SMALL,
    INVALID_PART,
    NO_SUCH_KEY,
    NO_SUCH_UPLOAD,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.testing.s3_answers import Manners, Page, Part, Store

NONCE = {"nonce": "first"}
OTHER = {"nonce": "second"}


class _Upload:
    """An upload and the requests about it, which a test then need not spell out."""

    def __init__(self, store: Store, key: str, metadata: Mapping[str, str]) -> None:
        self._store = store
        self.key = key
        self.id = store.create(key, metadata)

    def part(self, number: int, body: bytes) -> tuple[int, str]:
        return number, self._store.upload_part(self.key, self.id, number, body)

    def page(self, *, after: int = 0, most: int | None = None) -> Page:
        return self._store.list_parts(self.key, self.id, after=after, most=most)

    def parts(self) -> list[Part]:
        found, after = [], 0
        while True:
            page = self.page(after=after)
            found += page.parts
            if page.next_after is None:
                return found
            after = page.next_after

    def complete(self, *parts: tuple[int, str]) -> None:
        self._store.complete(self.key, self.id, parts)

    def abort(self) -> None:
        self._store.abort(self.key, self.id)


def _answer(request: Callable[[], object]) -> str:
    try:
        request()
    except RefusedError as error:
        return error.code
    return DONE


class S3AnswersContract(ABC):
    """Give ``store``, an empty bucket, and ``manners``, where stores differ."""

    manners: Manners
    part_bytes = 5 * 1024 * 1024
    """The smallest part that need not be the last."""

    @pytest.fixture
    @abstractmethod
    def store(self) -> Store:
        """The store under test."""

    def full(self, letter: bytes) -> bytes:
        return letter * self.part_bytes

    # ---- parts ----

    def test_a_new_upload_has_no_parts(self, store: Store) -> None:
        assert _Upload(store, "k", NONCE).page() == ([], None)

    def test_a_part_is_listed_with_number_size_and_the_etag_that_its_upload_gave(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        number, etag = upload.part(3, b"content")
        assert upload.parts() == [(number, 7, etag)]

    def test_without_encryption_the_etag_is_the_md5_of_the_content(self, store: Store) -> None:
        _, etag = _Upload(store, "k", NONCE).part(1, b"content")
        assert etag.strip('"') == hashlib.md5(b"content", usedforsecurity=False).hexdigest()

    def test_a_part_sent_again_replaces_the_one_of_its_number(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        _, before = upload.part(1, b"mine")
        number, after = upload.part(1, b"intruder")
        assert before != after
        assert upload.parts() == [(number, 8, after)]

    def test_parts_are_listed_by_number_whatever_the_order_they_came_in(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        for number in (7, 1, 10, 2):
            upload.part(number, b"%d" % number)
        assert [part.number for part in upload.parts()] == [1, 2, 7, 10]

    def test_numbers_end_at_ten_thousand(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.part(10_000, b"last")
        assert _answer(lambda: upload.part(10_001, b"beyond")) not in {DONE, NO_SUCH_UPLOAD}
        assert [part.number for part in upload.parts()] == [10_000]

    def test_parts_come_in_pages_of_the_size_asked_for(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        for number in (1, 4, 6, 9, 12):
            upload.part(number, b"part")
        numbers, after = [], 0
        for _ in range(3):
            page = upload.page(after=after, most=2)
            numbers.append([part.number for part in page.parts])
            after = page.next_after or 0
        assert numbers == [[1, 4], [6, 9], [12]]
        assert after == 0

    def test_more_than_a_thousand_parts_are_all_listed(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        sent = [upload.part(number, b"%d" % number) for number in range(1, 1_005)]
        assert [(part.number, part.etag) for part in upload.parts()] == sent
        assert len(upload.page().parts) <= self.manners.page_parts

    # ---- completing ----

    def test_nothing_is_there_before_the_completion(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.part(1, b"content")
        assert _answer(lambda: store.head("k")) == NO_SUCH_KEY
        assert _answer(lambda: store.get("k")) == NO_SUCH_KEY
        assert (upload.key, upload.id) in store.uploads()

    def test_a_completed_upload_is_its_parts_in_order_and_no_upload_any_more(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        last = upload.part(2, b"end")
        first = upload.part(1, self.full(b"a"))
        upload.complete(first, last)
        assert store.get("k") == self.full(b"a") + b"end"
        assert store.head("k").size == self.part_bytes + 3
        assert store.uploads() == set()
        assert _answer(upload.page) == NO_SUCH_UPLOAD

    def test_metadata_given_at_the_start_is_on_the_completed_object(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.complete(upload.part(1, b"content"))
        assert store.head("k").metadata == NONCE

    def test_numbers_may_have_gaps(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.complete(
            upload.part(2, self.full(b"a")), upload.part(70, self.full(b"b")), upload.part(900, b"c")
        )
        assert store.get("k") == self.full(b"a") + self.full(b"b") + b"c"

    def test_parts_that_the_completion_does_not_list_are_left_out(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.part(1, b"of a worker that died")
        mine = upload.part(2, self.full(b"a")), upload.part(4, b"end")
        upload.part(3, b"late")
        upload.part(5, b"later")
        upload.complete(*mine)
        assert store.get("k") == self.full(b"a") + b"end"

    def test_parts_may_differ_in_size(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        bodies = [self.full(b"a") + b"1", self.full(b"b"), self.full(b"c") + b"123", b"d"]
        upload.complete(*[upload.part(number, body) for number, body in enumerate(bodies, 1)])
        assert store.get("k") == b"".join(bodies)

    def test_one_small_part_is_enough(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.complete(upload.part(1, b"x"))
        assert store.get("k") == b"x"

    def test_a_completion_replaces_the_object_that_is_there_with_its_metadata(self, store: Store) -> None:
        store.put("k", b"before", OTHER)
        upload = _Upload(store, "k", NONCE)
        part = upload.part(1, b"after")
        assert store.get("k") == b"before"
        upload.complete(part)
        assert store.get("k") == b"after"
        assert store.head("k").metadata == NONCE

    def test_uploads_of_one_key_know_nothing_of_each_other(self, store: Store) -> None:
        one, two = _Upload(store, "k", NONCE), _Upload(store, "k", OTHER)
        first, second = one.part(1, b"one"), two.part(1, b"two")
        assert store.uploads() == {("k", one.id), ("k", two.id)}
        two.complete(second)
        assert store.head("k").metadata == OTHER
        one.complete(first)
        assert store.get("k") == b"one"
        assert store.head("k").metadata == NONCE

    # ---- refused completions ----

    def test_a_completion_with_the_etag_of_a_replaced_part_is_refused_and_changes_nothing(
        self, store: Store
    ) -> None:
        upload = _Upload(store, "k", NONCE)
        stale = upload.part(1, b"mine")
        upload.part(1, b"intruder")
        before = upload.parts()
        assert _answer(lambda: upload.complete(stale)) == INVALID_PART
        assert _answer(lambda: store.head("k")) == NO_SUCH_KEY
        assert upload.parts() == before
        upload.complete(upload.part(1, b"mine"))
        assert store.get("k") == b"mine"

    def test_a_completion_with_a_part_that_was_never_sent_is_refused(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        number, etag = upload.part(1, self.full(b"a"))
        assert _answer(lambda: upload.complete((number, etag), (2, etag))) == INVALID_PART
        assert _answer(lambda: store.head("k")) == NO_SUCH_KEY
        assert len(upload.parts()) == 1

    def test_a_short_part_must_be_the_last(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        short, more = upload.part(1, b"short"), upload.part(2, self.full(b"a"))
        assert _answer(lambda: upload.complete(short, more)) == ENTITY_TOO_SMALL
        assert _answer(lambda: store.head("k")) == NO_SUCH_KEY
        upload.complete(short)
        assert store.get("k") == b"short"

    # ---- once more, and too late ----

    def test_a_repeated_completion_leaves_the_object_as_it_is(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        part = upload.part(1, b"content")
        upload.complete(part)
        before = store.head("k")
        assert _answer(lambda: upload.complete(part)) in self.manners.repeated_complete
        assert store.head("k") == before
        assert store.get("k") == b"content"

    def test_a_late_completion_does_not_bring_a_replaced_object_back(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        part = upload.part(1, b"content")
        upload.complete(part)
        store.put("k", b"of a successor", OTHER)
        assert _answer(lambda: upload.complete(part)) in self.manners.late_complete
        assert store.get("k") == b"of a successor"
        assert store.head("k").metadata == OTHER

    def test_a_late_completion_does_not_bring_a_deleted_object_back(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        part = upload.part(1, b"content")
        upload.complete(part)
        store.delete("k")
        assert _answer(lambda: upload.complete(part)) in self.manners.late_complete | self.manners.gone
        assert _answer(lambda: store.head("k")) == NO_SUCH_KEY

    def test_a_late_part_of_a_completed_upload_is_refused(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.complete(upload.part(1, b"content"))
        assert _answer(lambda: upload.part(1, b"late")) in self.manners.gone
        assert _answer(lambda: upload.part(2, b"late")) in self.manners.gone
        assert _answer(upload.page) == NO_SUCH_UPLOAD
        assert store.get("k") == b"content"

    def test_a_late_abort_of_a_completed_upload_leaves_the_object(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        upload.complete(upload.part(1, b"content"))
        assert _answer(upload.abort) in self.manners.abort_gone
        assert store.get("k") == b"content"

    # ---- aborting ----

    def test_an_aborted_upload_is_gone_for_every_request_and_listing_says_so(self, store: Store) -> None:
        upload = _Upload(store, "k", NONCE)
        part = upload.part(1, b"content")
        upload.abort()
        assert _answer(lambda: upload.part(2, b"more")) in self.manners.gone
        assert _answer(lambda: upload.complete(part)) in self.manners.gone
        assert _answer(upload.page) == NO_SUCH_UPLOAD
        assert _answer(upload.abort) in self.manners.abort_gone
        assert _answer(lambda: store.head("k")) == NO_SUCH_KEY
        assert store.uploads() == set()

    def test_an_abort_leaves_the_object_and_the_other_uploads_of_its_key(self, store: Store) -> None:
        store.put("k", b"there", OTHER)
        aborted, kept = _Upload(store, "k", NONCE), _Upload(store, "k", NONCE)
        part = kept.part(1, b"kept")
        aborted.abort()
        assert store.get("k") == b"there"
        assert store.uploads() == {("k", kept.id)}
        kept.complete(part)
        assert store.get("k") == b"kept"

    # ---- single objects ----

    def test_a_put_replaces_content_and_metadata(self, store: Store) -> None:
        store.put("k", b"one", NONCE)
        store.put("k", b"two", OTHER)
        assert store.get("k") == b"two"
        assert store.head("k").metadata == OTHER
        assert store.uploads() == set()

    def test_what_is_deleted_is_gone_and_deleting_it_again_does_nothing(self, store: Store) -> None:
        store.put("k", b"one", NONCE)
        store.delete("k")
        assert _answer(lambda: store.get("k")) == NO_SUCH_KEY
        assert _answer(lambda: store.delete("k")) == DONE
