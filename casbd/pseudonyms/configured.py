"""The pseudonyms that a configuration asks for."""

from __future__ import annotations

from casbd.config.privacy import Privacy
from casbd.pseudonyms import NONE, Pseudonyms


def pseudonyms_of(privacy: Privacy) -> Pseudonyms:
    """What replaces whom its section `privacy` names. Mistakes where the key cannot be read, or is too short."""
    key = privacy.key_bytes()
    return Pseudonyms(privacy.pseudonymize, key) if key else NONE
