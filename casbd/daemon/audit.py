"""What the daemon notes in the audit trail: its start, and what it took up from files, whoever wrote them and by what means.

Names alone: what a configuration says may be secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict, replace

from casbd import __version__
from casbd.daemon.engine import Engine
from casbd.daemon.versions import Versions
from casbd.daemon.watched import signature
from casbd.model.service_status import Reloaded
from casbd.plugins import registry
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import audit


class Trail:
    """Knows what was noted last, so that a difference which could not be stored is in the next entry."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._versions = Versions(store)
        self._refused: tuple[str, ...] = ()
        self._know(engine)

    def looked(self, now: int) -> None:
        """What the files say at a start; an entry where that changed while casbd was stopped."""
        with self._store.transaction() as connection:
            changed = self._versions.note(self._engine, now, while_stopped=True)
            if changed:
                audit.add(connection, now, "reload", str(self._engine.settings.path), {"while_stopped": changed}, audit.DAEMON)

    def started(self, now: int) -> None:
        """The daemon runs."""
        self._add(now, "start", self._engine, {"version": __version__, "policies": len(self._engine.policies)})

    def reloaded(self, engine: Engine, outcome: Reloaded, now: int) -> None:
        """A reload, refused or not; one that changed nothing, or is refused for the same as the last one, is not noted."""
        if not outcome.ok:
            if outcome.mistakes != self._refused:
                self._add(now, "reload refused", engine, {"mistakes": len(outcome.mistakes)})
            self._refused = outcome.mistakes
            return
        self._refused = ()
        with self._store.transaction():
            self._versions.note(engine, now, while_stopped=False)
        changes = self._difference(engine)
        if changes:
            self._add(now, "reload", engine, changes)
        self._know(engine)

    def _know(self, engine: Engine) -> None:
        self._engine = engine
        self._policies = {policy.id: _said(policy) for policy in engine.policies}
        self._lists = {path: signature(path) for enricher in engine.enrichers for path in enricher.files()}

    def _difference(self, engine: Engine) -> dict[str, list[str]]:
        """Names of policies, of the configuration's sections, and of list files; nothing where all is as it was."""
        old, new = self._policies, {policy.id: _said(policy) for policy in engine.policies}
        lists = {path: signature(path) for enricher in engine.enrichers for path in enricher.files()}
        changes = {
            "policies_added": new.keys() - old.keys(),
            "policies_changed": {policy for policy in new.keys() & old.keys() if new[policy] != old[policy]},
            "policies_removed": old.keys() - new.keys(),
            "sections": _sections(self._engine, engine),
            "files": {str(path) for path in lists.keys() | self._lists.keys() if lists.get(path) != self._lists.get(path)},
        }
        return {key: sorted(names) for key, names in changes.items() if names}

    def _add(self, now: int, action: str, engine: Engine, detail: Mapping[str, Any]) -> None:
        with self._store.transaction() as connection:
            audit.add(connection, now, action, str(engine.settings.path), detail, audit.DAEMON)


def _said(policy: Policy) -> dict[str, Any]:
    """What a rule file and exceptions say, wherever in them."""
    own = {"line": 1, "exemptions": [replace(exemption, place="") for exemption in policy.exemptions]}
    return asdict(policy) | own


def _sections(old: Engine, new: Engine) -> set[str]:
    """The sections of the configuration that say something else."""
    before, after = old.settings, new.settings
    sections = {
        name for name in after.__struct_fields__ if name not in ("path", "enrichers") and getattr(before, name) != getattr(after, name)
    }
    enrichers = {*before.enrichers, *after.enrichers}
    changed = (name for name in enrichers if before.enrichers.get(name) != after.enrichers.get(name))
    return sections | {registry.load("enrichers", name).section for name in changed}
