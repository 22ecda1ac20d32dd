"""The section `privacy`: its mistakes with their place, and the key."""

import pytest

from casbd.config import reading
from casbd.config.privacy import Privacy, read
from casbd.errors import Mistakes
from casbd.pseudonyms import Pseudonyms
from casbd.pseudonyms.configured import pseudonyms_of


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "casbd.yaml"
        path.write_text(f"state_dir: state\n{text}\n")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("privacy: {pseudonymize: [user]}", "`pseudonymize` needs a `key`"),
        ("privacy: {pseudonymize: [users], key: {env: K}}", "`user`"),
        ("privacy: {pseudonymize: [user], key: secret}", "never a plain value"),
        ("privacy: {pseudonymise: [user], key: {env: K}}", "unknown key `pseudonymise`"),
    ],
)
def test_mistakes(write, text, said):
    path = write(text)
    _, (mistake, *_) = reading.read(path)
    assert (said in str(mistake), mistake.line) == (True, 2), str(mistake)
    with pytest.raises(Mistakes, match=said):
        read(path)


@pytest.mark.parametrize("text", ["", "privacy:", "privacy: {}", "privacy: {pseudonymize: []}"])
def test_nothing_is_replaced(write, text):
    settings, mistakes = reading.read(write(text))
    assert (mistakes, pseudonyms_of(settings.privacy).fields) == ([], frozenset())
    assert pseudonyms_of(read(write(text))).fields == frozenset()


def test_the_key(write, tmp_path):
    path = write("privacy: {pseudonymize: [user], key: {file: key}}")
    with pytest.raises(Mistakes, match="cannot be read"):
        read(path).check()
    (tmp_path / "key").write_text("short\n")
    with pytest.raises(Mistakes, match="has 5 bytes; it takes 16 or more"):
        read(path).check()
    (tmp_path / "key").write_text("long enough for a key\n")
    read(path).check()
    assert pseudonyms_of(read(path)).user("a") == Pseudonyms(("user",), b"long enough for a key").user("a")


def test_a_key_of_random_bytes(write, tmp_path):
    path = write("privacy: {pseudonymize: [user], key: {file: key}}")
    (tmp_path / "key").write_bytes(b"\x00\xff" * 8 + b"\n")
    read(path).check()
    assert pseudonyms_of(read(path)).user("a") == Pseudonyms(("user",), b"\x00\xff" * 8 + b"\n").user("a")


def test_a_credential_is_there_under_systemd_alone(monkeypatch):
    privacy = Privacy.model_validate({"pseudonymize": ["user"], "key": {"credential": "key"}})
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    privacy.check()
    with pytest.raises(Mistakes, match="systemd"):
        privacy.key_bytes()
