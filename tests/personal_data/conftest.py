"""What is in a store, and when it is."""

import msgspec
from builders import NOON

from casbd.store.state import personal

ANNA = "anna.berg@contoso.com"


def now():
    return NOON


def everything(core):
    """All that is in the store, as text."""
    activities = [msgspec.json.encode(one).decode() for one in core.activities()]
    rows = [f"{table} {values}" for table, values in personal.rows_of(core.store)]
    return activities + rows
