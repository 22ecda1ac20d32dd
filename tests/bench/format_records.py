"""Records of every format, as large as those that vendors write: one template each in `records/`, filled in with other
ids, times, users, addresses and user agents for each record."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import m365_records

RECORDS = Path(__file__).resolve().parent / "records"
OPTIONS: dict[str, dict[str, object]] = {
    "json": {
        "mapping": {
            "activity_id": "id",
            "timestamp": "time",
            "action_type": "event.name",
            "user": "actor.email",
            "ip_address": "client.address",
            "user_agent": "client.agent",
            "object_name": "target.title",
            "result": {"path": "event.outcome", "map": {"ok": "success"}},
        }
    },
    "cef": {"constants": {"app": "Contoso VPN"}},
}
"""What an input of the format needs beside its name."""
OPERATIONS = {
    "aws_cloudtrail": ["AttachUserPolicy", "GetObject", "DescribeInstances", "ListBuckets", "PutObject", "AssumeRole"],
    "azure_activity": ["virtualMachines/write", "virtualMachines/start/action", "disks/write", "disks/delete", "snapshots/write"],
    "box": ["PREVIEW", "UPLOAD", "DOWNLOAD", "EDIT", "SHARE", "LOGIN"],
    "cef": ["VPN session", "VPN session ended", "Log on", "Posture check", "Tunnel", "Key exchange"],
    "defender_for_identity": ["LogonSuccess", "LogonAttempted", "SMB session", "LDAP query", "DNS query", "Credentials validation"],
    "dropbox": ["file_preview", "file_add", "file_download", "file_edit", "shared_link_create", "login_success"],
    "duo": ["authentication", "authentication", "authentication", "enrollment"],
    "entra": [""],
    "gcp": ["get", "list", "create", "update", "patch", "getIamPolicy"],
    "github": ["git.clone", "git.push", "pull_request.merge", "repo.create", "workflows.created_workflow_run", "team.add_member"],
    "google_workspace": ["view", "edit", "download", "create", "rename", "change_user_access"],
    "json": ["document.view", "document.edit", "document.download", "document.share", "session.start", "comment.add"],
    "kubernetes": ["get", "list", "watch", "create", "update", "patch"],
    "mdca": ["FileAccessed", "FileModified", "FileDownloaded", "FileUploaded", "SharingSet", "MailItemsAccessed"],
    "okta": [
        "user.authentication.sso",
        "user.session.start",
        "policy.evaluate_sign_on",
        "user.session.end",
        "app.generic.unauth_app_access_attempt",
    ],
    "salesforce": ["URI", "API", "LightningPageView", "Report", "Login", "Logout"],
    "slack": ["file_uploaded", "file_downloaded", "user_login", "user_channel_join", "channel_renamed", "emoji_added"],
    "windows_security": ["4624", "4634", "4768", "4769", "4776", "4672"],
}
"""Some of a format's, in turn, where its template leaves them open: as with Microsoft 365's records, policies count but a part of them."""


def formats() -> dict[str, Path]:
    """The template of each format."""
    return {path.stem: path for path in sorted(RECORDS.iterdir())}


def lines(template: Path, size: int) -> Iterator[bytes]:
    """So many bytes of records, a line each; for CSV the columns' names first. The same every time."""
    rest, text = "", template.read_text()
    if template.suffix == ".json":
        text = " ".join(line.strip() for line in text.splitlines())
    elif template.suffix == ".csv":
        rest, text = text.splitlines()
        yield rest.encode()
    tenant, record, written, number = m365_records.Tenant(5), Template(text.strip()), 0, 100_000_000
    quoted, operations = template.suffix == ".json", OPERATIONS.get(template.stem, [""])
    while written < size:
        number += 1
        ms = m365_records.START + number * 7
        time = datetime.fromtimestamp(ms / 1000, UTC)
        agent = tenant.agent()
        line = record.substitute(
            n=number,
            operation=operations[number % len(operations)],
            ms=ms,
            s=ms // 1000,
            time=f"{time:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z",
            seconds=f"{time:%Y-%m-%dT%H:%M:%S}Z",
            compact=f"{time:%Y%m%d%H%M%S}.{ms % 1000:03}",
            hex=tenant.guid().replace("-", ""),
            user=tenant.user(),
            ip=tenant.address(),
            agent=json.dumps(agent)[1:-1] if quoted else agent.replace("=", "\\="),
        ).encode()
        written += len(line)
        yield line
