"""What S3 answers, as far as exactly-once delivery rests on it: on every store that can be had here."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from connector.testing.contract.s3_answers import S3AnswersContract
from connector.testing.own_s3 import OwnS3Server
from connector.testing.s3_answers import ANY, MOTO, VERSITYGW, BotoStore
from connector.testing.versitygw import VersitygwServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.aws import AwsServer
    from connector.testing.s3 import S3Server
    from connector.testing.s3_answers import Store


@pytest.fixture(scope="module")
def without_attributes(
    versitygw: VersitygwServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VersitygwServer]:
    with VersitygwServer(tmp_path_factory.mktemp("sidecar"), sidecar=True) as server:
        yield server


class _Answers(S3AnswersContract):
    @pytest.fixture
    def server(self, request: pytest.FixtureRequest) -> S3Server:
        raise NotImplementedError

    @pytest.fixture
    def store(self, server: S3Server) -> Iterator[BotoStore]:
        name = f"answers-{uuid.uuid4().hex[:12]}"
        server.create_bucket(name)
        store = BotoStore(server, name)
        yield store
        store.close()


class TestMoto(_Answers):
    manners = MOTO

    @pytest.fixture
    def server(self, aws: AwsServer) -> S3Server:
        return aws

    @pytest.mark.xfail(strict=True, reason="moto 5.2 takes the marker for an index, and skips parts at gaps")
    def test_parts_come_in_pages_of_the_size_asked_for(self, store: Store) -> None:
        super().test_parts_come_in_pages_of_the_size_asked_for(store)


class TestVersitygw(_Answers):
    manners = VERSITYGW

    @pytest.fixture
    def server(self, versitygw: VersitygwServer) -> S3Server:
        return versitygw


class TestVersitygwWithoutExtendedAttributes(_Answers):
    """On file systems that have none, its metadata lives in files."""

    manners = VERSITYGW

    @pytest.fixture
    def server(self, without_attributes: VersitygwServer) -> S3Server:
        return without_attributes


if OwnS3Server.is_given():

    class TestOwnStore(_Answers):
        manners = ANY

        @pytest.fixture
        def server(self, own_s3: OwnS3Server) -> S3Server:
            return own_s3
