"""What is usual of a subject, and what is not: the memory of anomaly policies, in event time.

Read `anomaly.py` first: what a kind of anomaly must be, and what it may rely on. Of each activity that meets a policy's filters the kind's
`value` makes a text; `habits.py` adds it to the memory of its subject, and to that of all subjects together (the organization), asks the
kind for its findings, and `raised.py` says which alerts these are.

A kind of `match:` has its words in `casbd/detections/` (file of the same name) and what it remembers and finds here:

| `match:` | finds | remembers of a subject | of all together | and takes from |
|---|---|---|---|---|
| `after` | `afterwards.py` | `what_followed.py` | | |
| `dormant` | `waking.py` | `values_seen.py` | | `had_by.py` |
| `lookalike` | `lookalikes.py` | `values_seen.py` | `first_users.py` | `imitations.py`: whether names look alike |
| `new` | `new_values.py`, a value's `first_days.py` | `values_seen.py` | `first_users.py` | `had_by.py`: by which device |
| `new: country` | the same | `ways.py`, `log_ons.py` | `ways.py` | `session_ids.py` |
| `priority` | `rise.py`, of other policies' alerts | | | |
| `shared_session` | `used_twice.py` | `session_places.py` | `session_places.py` | `session_ids.py` |
| `spray` by user | `sprayed.py` | `sprayed.py` | `sprayed.py`, `tried.py` | |
| `spray` by address | `sprayed_from.py` | `sprayed_from.py` (of a block of addresses) | `sprayed_from.py` | `sessions.py` |
| `travel` | `impossible.py` | `whereabouts.py` | `whereabouts.py` | `geography.py` |
| `unusual` | `unusual.py` | `sessions.py` | `peers.py` | |
| `unusual`, `unknown` | the same | `elsewhere.py`, `placed.py` | `elsewhere.py` | |
| `unusual: object_id`, `unless_common` | the same | `together.py`, `placed.py` | `together.py` | |

Memories are made of a few parts: `cells.py` (the activities of an hour), `known_places.py` (since when somebody has a network, a country
or a device, and how many others do), `spots.py` (where an activity was done), `stretches.py` (since when there is anything), `brief.py`
(how all of it is stored, in 4 KB).

What keeps them: `observed.py` (what is observed of an activity), `watched.py` (a policy that compares), `known.py` (one subject, as it is
by now), `shelf.py` (where memories are stored), `journal.py` (what they lack), `late.py` (what comes too late to be judged).
"""
