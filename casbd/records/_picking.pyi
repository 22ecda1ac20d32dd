from collections.abc import Callable
from typing import Any

class Picker:
    def __new__(
        cls,
        make: Callable[..., Any],
        read_text: Callable[[bytes], str | None],
        keys: tuple[tuple[bytes, int], ...],
        names: tuple[bytes, ...],
        outputs: tuple[tuple[int, int, Any], ...],
        places: tuple[int, ...],
        /,
    ) -> Picker: ...
    def pick(self, record: bytes, /) -> Any: ...
