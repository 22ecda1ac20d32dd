"""Whom rule files tell: `alert:` against the recipients that the configuration has, and notices that tell nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from casbd.documents import Document, Where, nearest
from casbd.errors import Mistake
from casbd.model.governance import TO_OTHERS
from casbd.policies.policy import Policy


def wrong_recipients(policies: Iterable[Policy], known: Collection[str]) -> Iterator[Mistake]:
    """Names that no recipient has; what is an address or a telephone number needs none."""
    for policy in policies:
        for key, names in (("email", policy.alert.email), ("sms", policy.alert.sms)):
            for index, name in enumerate(names):
                if name not in known and "@" not in name and not name.startswith("+"):
                    hint = nearest(name, known) or "the configuration has no `notifications`"
                    yield _mistake(policy, ["alert", key, index], f"unknown recipient `{name}`", hint)


def notices_to_nobody(policies: Iterable[Policy], mailing: Collection[str]) -> Iterator[Mistake]:
    """Steps that tell others, and do not say whom. mailing: the connectors that send mail; others may know by themselves."""
    for policy in policies:
        for index, (action, connector) in enumerate(policy.governance):
            if action == TO_OTHERS and connector in mailing and not policy.notices[action, connector].recipients:
                yield _mistake(policy, ["governance", index, "action"], f"{TO_OTHERS} does not say whom", "recipients: [hr@example.com]")


def _mistake(policy: Policy, where: Where, problem: str, hint: str) -> Mistake:
    documents = Document.several(policy.path)
    document = next((one for one in documents if one.place([])[0] == policy.line), documents[0])
    return document.mistake(where, problem, hint, at_key=False)
