"""What governance actions are to one another, whatever the app."""

from __future__ import annotations

from collections.abc import Mapping

from casbd.model.governance import ACTIONS

CONTAINS: Mapping[str, frozenset[str]] = {"suspend_user": frozenset({"require_sign_in_again", "revoke_tokens", "expire_password"})}
"""By action, the weaker ones that it makes superfluous: whoever is suspended has no session, and can use neither token nor password."""
DISARMS = frozenset({"suspend_user", "revoke_admin_privileges"})
"""After which an administrator can administrate no more."""
REPEATABLE = frozenset(ACTIONS) - {"notify_user", "notify_additional_users"}
"""Done twice they leave the same state. Of others, an operator's own among them, that is not known."""


def stronger_than(action: str) -> list[str]:
    """The actions that contain this one."""
    return [stronger for stronger, weaker in CONTAINS.items() if action in weaker]
