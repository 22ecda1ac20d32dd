from collections.abc import Callable, Sequence
from typing import Any

Value = str | int | Sequence[str | None] | None

def joined(
    keys: tuple[tuple[str, str | Callable[[Any], Value], int], ...],
    item: object,
    separator: str,
    special: str,
    write: Callable[[str | Sequence[str | None], int], str],
    with_empty: bool,
    /,
) -> str: ...
