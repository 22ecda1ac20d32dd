"""The program `casbd`, and `python -m casbd`: what must be right before anything else is loaded."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Load the command line and call it."""
    if "run" in sys.argv[1:] and "--once" not in sys.argv:
        # Loading takes half a second, in which SIGHUP would end the daemon. It is no loss: the files are read after it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from casbd.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
