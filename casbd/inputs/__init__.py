"""Finding files, following them (rotation, truncation, compression), and cutting them into records."""

from casbd.inputs.following import Inputs

__all__ = ["Inputs"]
