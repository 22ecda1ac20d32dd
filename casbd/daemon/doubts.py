"""What in configuration and rules is no mistake, but not what a person would expect: told by `casbd check`, and in the daemon's log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from casbd.config.guarded import inputs_over_state, open_files
from casbd.config.place import sections
from casbd.config.settings import Settings
from casbd.config.written import doubtful
from casbd.daemon.known_words import known_words
from casbd.documents import Document
from casbd.errors import Mistake, Mistakes, StoreError
from casbd.governance.protected import nobody_protected
from casbd.governance.reaching import doubtful_reach
from casbd.notifications.recipients import unreachable
from casbd.plugins import Enricher, Output, Uncertain, registry
from casbd.policies.lacking import lacking
from casbd.policies.policy import Policy
from casbd.policies.rule_places import watched_rules
from casbd.policies.unknown_values import unknown_values
from casbd.store.database import Store
from casbd.store.state.input_progress import positions

MOST_NAMES = 5
"""Policies that one warning names."""


def doubts(settings: Settings, policies: Sequence[Policy], enrichers: Sequence[Enricher], outputs: Mapping[str, Output]) -> list[Mistake]:
    """All that the files give reason for; one for all policies that lack the same."""
    try:
        document = sections(settings.path)[0]
    except Mistakes:  # it was changed since it was read, and is told when it is read again
        return []
    words = known_words(settings, enrichers, _detected(settings))
    return [
        *doubtful(document, settings),
        *open_files(document, settings, watched_rules(settings.rules), [path for enricher in enrichers for path in enricher.files()]),
        *inputs_over_state(document, settings),
        *_lacking(document, settings, [policy for policy in policies if policy.enabled], enrichers),
        *_unsent(document, settings, policies),
        *_open_mail(document, settings),
        *_unacknowledged(document, settings, outputs),
        *nobody_protected(document, settings.governance, policies),
        *doubtful_reach(document, settings, policies, words.get("app")),
        *unknown_values(settings.rules, words),
    ]


def _detected(settings: Settings) -> dict[str, set[str]]:
    """By input, the formats of the files that are known; none where casbd never ran."""
    formats: defaultdict[str, set[str]] = defaultdict(set)
    with suppress(StoreError), Store(settings.state_dir, readonly=True) as store:
        for position in positions(store.connection):
            formats[position.input] |= {position.format} & {*registry.names("formats")}
    return formats


def _lacking(document: Document, settings: Settings, policies: Sequence[Policy], enrichers: Sequence[Enricher]) -> Iterator[Mistake]:
    for lack in lacking(settings, policies, enrichers):
        about = f"without {lack.needs} little is known of {' and '.join(lack.fields)}"
        yield document.mistake((lack.section,), f"{about}: {_named(lack.policies, 'looks there', 'look there')}")


def _unsent(document: Document, settings: Settings, policies: Sequence[Policy]) -> Iterator[Mistake]:
    """Addresses and telephone numbers in rule files that nothing is sent to, as the configuration does not say how."""
    without: defaultdict[str, dict[str, Policy]] = defaultdict(dict)
    for policy, name in unreachable(settings, policies):
        without["e-mail goes out only with the section `mail`" if "@" in name else "SMS go out only with the section `sms`"][policy.id] = (
            policy
        )
    for message, asking in without.items():
        yield document.mistake((), f"{message}: {_named([*asking.values()], 'asks for it', 'ask for it')}")


def _open_mail(document: Document, settings: Settings) -> Iterator[Mistake]:
    """Mail that everybody on the way reads."""
    mail = settings.mail
    if mail is not None and mail.tls == "none" and mail.host not in ("localhost", "127.0.0.1", "::1"):
        yield document.mistake(
            ("mail", "tls"), "alerts go to another host without TLS: whoever is on the way reads them", "starttls or tls"
        )


def _unacknowledged(document: Document, settings: Settings, outputs: Mapping[str, Output]) -> Iterator[Mistake]:
    for index, entry in enumerate(settings.outputs):
        output = outputs.get(entry.name)
        if isinstance(output, Uncertain) and not output.acknowledged:
            message = f"output {entry.name}: nobody acknowledges UDP, so what is dropped on the way is lost unseen"
            yield document.mistake(("outputs", index), message)


def _named(policies: Sequence[Policy], one: str, several: str) -> str:
    """`2 policies look there (a, b)`."""
    names = [policy.id for policy in policies[:MOST_NAMES]]
    more = f" and {len(policies) - MOST_NAMES} more" if len(policies) > MOST_NAMES else ""
    return f"{len(policies)} {f'policy {one}' if len(policies) == 1 else f'policies {several}'} ({', '.join(names)}{more})"
