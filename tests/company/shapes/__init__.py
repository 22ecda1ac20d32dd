"""How vendors write down what happens: one file each. Every method gives one record as (milliseconds, name of the format, line)."""
