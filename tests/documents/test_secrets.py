import os

import pytest
from pydantic import BaseModel, ValidationError

from casbd.documents.secrets import Key, Secret
from casbd.errors import Mistakes


class Holder(BaseModel):
    secret: Secret


def secret(**place) -> Secret:
    return Secret.model_validate(place)


def test_the_three_places(tmp_path, monkeypatch):
    (tmp_path / "name").write_text("s3cret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("CASBD_TEST_SECRET", "s3cret")
    assert secret(credential="name").reveal() == "s3cret"
    assert secret(env="CASBD_TEST_SECRET").reveal() == "s3cret"
    assert secret(file=tmp_path / "name").reveal() == "s3cret"


def test_it_is_read_when_it_is_used(tmp_path):
    place = secret(file=tmp_path / "x")
    for value in ("one", "two"):
        (tmp_path / "x").write_text(value)
        assert place.reveal() == value


def test_relative_files_start_at_the_configuration(tmp_path):
    (tmp_path / "x").write_text("value")
    assert Holder.model_validate({"secret": {"file": "x"}}, context={"base": tmp_path}).secret.reveal() == "value"


def test_a_plain_value_is_a_mistake_that_does_not_repeat_it():
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"secret": "hunter2"})
    assert "never a plain value" in caught.value.errors()[0]["msg"]
    assert "hunter2" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("place", [{}, {"env": "A", "file": "b"}, {"env": ""}, {"credential": "../x"}, {"enw": "A"}])
def test_exactly_one_place(place):
    with pytest.raises(ValidationError):
        Holder.model_validate({"secret": place})


def test_what_cannot_be_read_says_where(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("CASBD_TEST_SECRET", raising=False)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for place, complaint in [
        (secret(credential="x"), "LoadCredential="),
        (secret(env="CASBD_TEST_SECRET"), "CASBD_TEST_SECRET"),
        (secret(file=tmp_path / "none"), "No such file"),
        (secret(file=tmp_path / "empty"), "empty"),
        (secret(file=tmp_path / "bytes"), "UTF-8"),
    ]:
        with pytest.raises(Mistakes, match=complaint):
            place.reveal()


def test_the_check_at_the_start_lets_a_credential_pass_where_nobody_can_tell(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    secret(credential="x").check()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(Mistakes, match="No such file"):
        secret(credential="x").check()
    with pytest.raises(Mistakes, match="not set"):
        secret(env="CASBD_NO_SUCH_VARIABLE").check()


def test_its_representation_never_shows_it(tmp_path):
    (tmp_path / "x").write_text("s3cret")
    place = secret(file=tmp_path / "x")
    place.reveal()
    assert "s3cret" not in repr(place) + str(place) + repr(place.model_dump())


@pytest.mark.parametrize(
    ("held", "key"),
    [
        (b"text\n", b"text"),
        (b"text\r\n", b"text"),
        (bytes(range(256)), bytes(range(256))),
        (b"\xff\x00\r\n", b"\xff\x00\r\n"),
        (b" \xc3\xa5 ", b" \xc3\xa5 "),
    ],
)
def test_a_key_is_of_any_bytes(tmp_path, monkeypatch, held, key):
    (tmp_path / "key").write_bytes(held)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for place in ({"file": tmp_path / "key"}, {"credential": "key"}):
        found = Key.model_validate(place)
        found.check()
        assert found.key() == key


def test_a_key_in_the_environment(monkeypatch):
    monkeypatch.setitem(os.environb, b"CASBD_TEST_KEY", b"\xff\xfe")
    assert Key.model_validate({"env": "CASBD_TEST_KEY"}).key() == b"\xff\xfe"


@pytest.mark.parametrize("held", [b"", b"\n", b"\r\n\n"])
def test_no_key(tmp_path, held):
    (tmp_path / "key").write_bytes(held)
    with pytest.raises(Mistakes, match="empty"):
        Key.model_validate({"file": tmp_path / "key"}).check()
