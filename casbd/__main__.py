"""`python -m casbd` is `casbd`."""

from casbd.cli import main

main()
