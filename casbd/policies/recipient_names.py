"""`alert:` of a rule file against the recipients that the configuration has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from casbd.documents import Document, Where, nearest
from casbd.errors import Mistake
from casbd.policies.policy import Policy


def wrong_recipients(policies: Iterable[Policy], known: Collection[str]) -> Iterator[Mistake]:
    """Names that no recipient has; what is an address or a telephone number needs none."""
    for policy in policies:
        for key, names in (("email", policy.alert.email), ("sms", policy.alert.sms)):
            for index, name in enumerate(names):
                if name not in known and "@" not in name and not name.startswith("+"):
                    yield _mistake(policy, ["alert", key, index], name, known)


def _mistake(policy: Policy, where: Where, name: str, known: Collection[str]) -> Mistake:
    hint = nearest(name, known) or "the configuration has no `notifications`"
    documents = Document.several(policy.path)
    document = next((one for one in documents if one.place([])[0] == policy.line), documents[0])
    return document.mistake(where, f"unknown recipient `{name}`", hint, at_key=False)
