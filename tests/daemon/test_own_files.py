"""What no input reads, by the configuration."""

import json
import os

from casbd.config.reading import load
from casbd.daemon.own_files import own_files


def test_the_store_credentials_outputs_secrets_and_the_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    path = tmp_path / "casbd.yaml"
    path.write_text(
        json.dumps(
            {
                "state_dir": "state",
                "outputs": [
                    {"name": "file", "type": "file", "path": "log/alerts.cef"},
                    {"name": "siem", "type": "syslog", "host": "siem.example.com", "transport": "tls", "key_file": "tls/key.pem"}
                    | {"cert_file": "tls/own.pem"},
                ],
                "connectors": [{"name": "hook", "type": "webhook", "url": "https://example.com", "secret": {"file": "keys/hook"}}],
                "privacy": {"pseudonymize": ["user"], "key": {"file": "keys/privacy"}},
                "notifications": [{"name": "oncall", "url": {"file": "keys/oncall"}}],
                "mail": {"host": "h", "from": "a@b.example", "user": "u", "password": {"file": "keys/smtp"}},
                "sms": {"url": {"file": "keys/sms"}},
            }
        )
    )
    own = own_files(load(path))
    for mine in ("state/casbd.sqlite", "state/segments/x", "credentials/any", "log/alerts.cef", "log/alerts.cef.3.gz"):
        assert own.has(f"{tmp_path}/{mine}"), mine
    for mine in ("keys/hook", "keys/privacy", "keys/oncall", "keys/smtp", "keys/sms", "tls/key.pem", "tls/own.pem", "casbd.yaml"):
        assert own.has(f"{tmp_path}/{mine}"), mine
    for other in ("log/other.cef", "in/a.json", "statement/x", os.path.join("log", "alerts.cef.d", "x")):  # noqa: PTH118
        assert not own.has(f"{tmp_path}/{other}"), other
