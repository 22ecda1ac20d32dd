"""The state: positions, alerts, the outbox and all else that one SQLite file keeps."""
