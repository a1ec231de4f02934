"""Addresses, damage and locks of the storage."""

import pytest

from bench.errors import UserError
from bench.runner.storage import database_file, heartbeat_seconds, open_storage


@pytest.mark.parametrize("url", ["mongodb://x", "nonsense", "sqlite:////no/such/folder/study.db"])
def test_a_storage_that_cannot_be_opened(url):
    with pytest.raises(UserError, match="cannot be opened"):
        open_storage(url)


def test_a_garbled_file_is_no_storage(tmp_path):
    (tmp_path / "study.db").write_bytes(b"this is not a database, it is a sentence" * 50)
    with pytest.raises(UserError, match="cannot be opened"):
        open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def test_a_password_is_never_shown():
    with pytest.raises(UserError) as refused:
        open_storage("postgresql://me:secret@127.0.0.1:1/nothing")
    assert "secret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_sound_file_is_opened_again(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    open_storage(url).engine.dispose()
    assert open_storage(url).get_heartbeat_interval() is None
    assert database_file(url) == tmp_path / "study.db"


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused_and_left_alone(tmp_path, keep):
    file = tmp_path / "study.db"
    storage = open_storage(f"sqlite:///{file}")
    storage.engine.dispose()
    for part in tmp_path.glob("study.db-*"):
        part.unlink()
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * keep)])
    before = file.read_bytes()
    with pytest.raises(UserError, match="cannot be opened"):
        open_storage(f"sqlite:///{file}")
    assert file.read_bytes() == before


@pytest.mark.parametrize(("given", "expected"), [(None, 20), ("1", 1), ("0", None), ("often", None), ("-3", None)])
def test_heartbeat(monkeypatch, given, expected):
    monkeypatch.delenv("GANBENCH_HEARTBEAT", raising=False)
    if given is not None:
        monkeypatch.setenv("GANBENCH_HEARTBEAT", given)
    if expected is None:
        with pytest.raises(UserError, match=f"GANBENCH_HEARTBEAT='{given}': expected whole seconds"):
            heartbeat_seconds()
    else:
        assert heartbeat_seconds() == expected
