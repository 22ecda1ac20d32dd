"""The program `casbd`, and `python -m casbd`: what must be right before anything else is loaded."""

from __future__ import annotations

import gc
import os
import signal
import sys


def main() -> None:
    """Load the command line and call it."""
    if "run" in sys.argv[1:] and "--once" not in sys.argv:
        # Loading takes half a second, in which SIGHUP would end the daemon. It is no loss: the files are read after it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _open_standard_streams()
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # Arrow's own keeps what was freed: 30 MB more while segments are made
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for some takes 20 ms of each start, and there are none
    from casbd.cli import main as command_line

    try:
        command_line()
    finally:
        gc.freeze()  # else Python would look through all that was loaded for cycles, just before it forgets it: a tenth of most commands


def _open_standard_streams() -> None:
    """Where one is closed (`casbd ... >&-`), the next file would have its number, and get what was meant for it.

    What is written to a closed standard output cannot be written, which is told; a closed standard error is nobody's.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_RDWR)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


if __name__ == "__main__":
    main()
