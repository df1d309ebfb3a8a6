"""Sessions of botocore that read the models of services once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.session import Session

from connector.aws.session import new_session, sharing

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def models(session: Session) -> Any:
    return session.get_component("data_loader")


def test_a_model_that_one_session_has_read_is_not_read_again_by_another() -> None:
    first = models(new_session()).load_service_model("sqs", "service-2")
    assert models(new_session()).load_service_model("sqs", "service-2") is first
    assert models(sharing(Session())).load_service_model("sqs", "service-2") is first


def test_models_of_the_user_s_own_folder_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine" / "2020-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"metadata": {}, "operations": {}}')
    assert "mine" not in models(new_session()).list_available_services("service-2")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert "mine" in models(new_session()).list_available_services("service-2")


def test_an_unknown_profile_is_no_trouble_before_something_is_asked_of_it() -> None:
    assert new_session("nobody").profile == "nobody"
