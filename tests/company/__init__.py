"""A simulated company: people, what they do in some weeks, and the attacks on them, as the records of real export formats.

    Company(Parameters.of(seed)).arrivals()    records in the order of their arrival; `attacks` says which of them are whose

Everything follows from the seed and the parameters; nothing here knows a rule. `world.py` is the geography and the networks, `people.py`
who works there, `routine.py`, `habits.py` and `systems.py` what they do, `attacks/` what is done to them, `shapes/` how vendors write it
down, `measure.py` and `verdict.py` what casbd makes of it.
"""
