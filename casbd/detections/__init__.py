"""The kinds of `match:` of a rule file, one file each (`casbd/policies/kinds.py`)."""
