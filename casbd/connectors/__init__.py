"""Apps that can carry out governance actions, one file each."""
