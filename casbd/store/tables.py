"""The tables of the state directory's one SQLite file, and what each version of it added."""

from __future__ import annotations

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- What was read: how far each content (a truncated file has two: the old one may live on in a copy), and what became of
-- the records of each input since the store began.
CREATE TABLE positions (
    input TEXT, device INTEGER, inode INTEGER, fingerprint TEXT, body BLOB, PRIMARY KEY (input, device, inode, fingerprint)
) WITHOUT ROWID;
CREATE TABLE inputs (
    name TEXT PRIMARY KEY, received INTEGER, records INTEGER, activities INTEGER, duplicates INTEGER, rejects INTEGER,
    last_record INTEGER
) WITHOUT ROWID;
CREATE TABLE rejects (
    reject_id INTEGER PRIMARY KEY, input TEXT, input_file TEXT, input_offset INTEGER, reason TEXT, raw BLOB, stored INTEGER
);
CREATE INDEX rejects_by_storing ON rejects (stored);

-- The activity log, a chunk a row: `body` are the activities, zstd-compressed; `keys` their hashes of 63 bits.
CREATE TABLE blocks (
    block_id INTEGER PRIMARY KEY, activities INTEGER, first INTEGER, last INTEGER, stored INTEGER, keys BLOB, body BLOB
);
CREATE INDEX blocks_by_time ON blocks (last, first);

-- Repeated activity: every activity that met the filters of such a policy, and the alert it became part of.
CREATE TABLE window_entries (
    policy TEXT, subject TEXT, timestamp INTEGER, key INTEGER, activity_id TEXT, value TEXT, alert_id TEXT, stored INTEGER,
    PRIMARY KEY (policy, subject, timestamp, key)
) WITHOUT ROWID;
-- The latest of them, not yet sorted in: what a commit changed is one row.
CREATE TABLE window_journal (seq INTEGER PRIMARY KEY, entries BLOB);

CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY, policy_id TEXT, status TEXT, severity TEXT, category TEXT, app TEXT, user TEXT,
    first_activity INTEGER, created INTEGER, suppressed INTEGER, body BLOB
) WITHOUT ROWID;
CREATE INDEX alerts_by_creation ON alerts (created);
CREATE INDEX alerts_by_policy ON alerts (policy_id, suppressed, created);

-- How often each policy's filters were met and how many alerts it raised (a simulated one: would have raised).
CREATE TABLE policies (policy_id TEXT PRIMARY KEY, matches INTEGER, alerts INTEGER) WITHOUT ROWID;

CREATE TABLE governance (
    command_id TEXT PRIMARY KEY, action TEXT, connector TEXT, target TEXT, status TEXT, created INTEGER, body BLOB
) WITHOUT ROWID;
CREATE INDEX governance_by_creation ON governance (created);
-- A storm of alerts asks these for each of them: what was asked for of a user, and how much was done this hour.
CREATE INDEX governance_by_target ON governance (target COLLATE NOCASE, created);
CREATE INDEX governance_by_status ON governance (status, created);

-- What is still to be delivered: one row per destination. A row of kind `activities` names a block; `sent` of it are there.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT, kind TEXT, block_id INTEGER, sent INTEGER DEFAULT 0,
    size INTEGER, body BLOB
);
CREATE INDEX outbox_by_destination ON outbox (destination, seq, size); -- with the size: it is summed up again and again
CREATE INDEX outbox_by_block ON outbox (block_id) WHERE block_id IS NOT NULL;
CREATE TABLE destinations (
    name TEXT PRIMARY KEY, delivered INTEGER DEFAULT 0, refused INTEGER DEFAULT 0, failures INTEGER DEFAULT 0,
    last_error TEXT, last_error_at INTEGER, last_delivery INTEGER
) WITHOUT ROWID;
CREATE TABLE refused (
    seq INTEGER PRIMARY KEY, destination TEXT, kind TEXT, body BLOB, reason TEXT, stored INTEGER
);
CREATE INDEX refused_by_storing ON refused (stored);
"""

_SINCE_2 = """
-- Alerts that were stored and not sent, until that has been said.
CREATE TABLE held_back (
    policy_id TEXT, why TEXT, subject TEXT, since INTEGER, number INTEGER, PRIMARY KEY (policy_id, why, subject)
) WITHOUT ROWID;
-- How often a policy's filters were met in each of the latest hours (event time), as msgpack.
ALTER TABLE policies ADD COLUMN hours BLOB;
-- Not used any more: floods are cut by subject, and no policy is switched off.
CREATE TABLE switched_off (policy_id TEXT PRIMARY KEY, file TEXT, at INTEGER, matches INTEGER) WITHOUT ROWID;
"""
_SINCE_3 = """
-- Parquet files of older activities; the blocks in them keep their keys alone.
CREATE TABLE segments (
    segment_id INTEGER PRIMARY KEY, file TEXT, activities INTEGER, first INTEGER, last INTEGER, stored INTEGER
);
ALTER TABLE blocks ADD COLUMN segment_id INTEGER;
CREATE INDEX blocks_by_segment ON blocks (segment_id) WHERE segment_id IS NOT NULL;
"""
_SINCE_4 = """
-- day: of all activities in it, `2026-01-31` (UTC); none where an older casbd wrote it, by blocks. damaged: why it was set aside.
ALTER TABLE segments ADD COLUMN day TEXT;
ALTER TABLE segments ADD COLUMN first_block INTEGER;
ALTER TABLE segments ADD COLUMN last_block INTEGER;
ALTER TABLE segments ADD COLUMN digest BLOB;
ALTER TABLE segments ADD COLUMN damaged TEXT;
UPDATE segments SET first_block = (SELECT min(block_id) FROM blocks WHERE blocks.segment_id = segments.segment_id),
    last_block = (SELECT max(block_id) FROM blocks WHERE blocks.segment_id = segments.segment_id);
-- What people did with casbd itself.
CREATE TABLE audit (seq INTEGER PRIMARY KEY, at INTEGER, who TEXT, action TEXT, target TEXT, detail TEXT);
-- Saved searches: the options of `activities search`, as JSON.
CREATE TABLE queries (name TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID;
"""
_SINCE_5 = """
-- The own time of the newest record of an input; last_record is when the last one was read.
ALTER TABLE inputs ADD COLUMN newest INTEGER;
-- stored: when an alert or command was put there (an activity's block has its own); none where an older casbd did it.
ALTER TABLE outbox ADD COLUMN stored INTEGER;
DROP INDEX outbox_by_destination;
CREATE INDEX outbox_by_destination ON outbox (destination, seq, size, block_id, sent); -- what is summed up again and again
-- sent: messages that nobody acknowledges. down_since: when it first failed, until it takes messages again. reached: the last row
-- that the destination got over the present connection; what is left of those before it is in doubt.
ALTER TABLE destinations ADD COLUMN sent INTEGER DEFAULT 0;
ALTER TABLE destinations ADD COLUMN down_since INTEGER;
ALTER TABLE destinations ADD COLUMN reached INTEGER DEFAULT 0;
"""
_SINCE_6 = """
-- When a governance command was decided, when it was last given to its connector (tried), and whether it is just now (sending): by the
-- time of day, which anybody may set, and by how long the host had been up in which boot.
CREATE TABLE governance_moments (
    command_id TEXT, what TEXT, at INTEGER, boot TEXT, uptime INTEGER, PRIMARY KEY (command_id, what)
) WITHOUT ROWID;
CREATE INDEX governance_moments_by_time ON governance_moments (at);
CREATE INDEX governance_moments_by_uptime ON governance_moments (boot, uptime);
"""
_SINCE_7 = """
DROP TABLE switched_off;
-- Policies that cost too much: asked no more while they say what they said then. body: what was measured.
CREATE TABLE set_aside (policy_id TEXT PRIMARY KEY, meaning TEXT, at INTEGER, body BLOB) WITHOUT ROWID;
"""
_SINCE_8 = """
-- What was counted, some entries of one window (policy and subject) a row; first, last: in event time. A later row's entries
-- stand in place of the same ones of an earlier row.
CREATE TABLE window_pages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, policy TEXT, subject TEXT, stored INTEGER, first INTEGER, last INTEGER, entries BLOB
);
CREATE INDEX window_pages_by_window ON window_pages (policy, subject, first, last);
INSERT INTO window_pages (policy, subject, stored, first, last, entries)
SELECT policy, subject, max(stored), min(timestamp), max(timestamp), page(timestamp, key, activity_id, value, alert_id) FROM (
    SELECT *, row_number() OVER (PARTITION BY policy, subject, stored / 86400000 ORDER BY timestamp, key) / 200 AS part
    FROM window_entries
) GROUP BY policy, subject, stored / 86400000, part;
DROP TABLE window_entries;
"""
_SINCE_9 = """
-- body: all of an alert; the other columns are what is asked for. told_*: what the outputs heard last, and when (ms); none of what is
-- held back. The body stands last, so that what is before it is read without it.
CREATE TABLE alerts_anew (
    alert_id TEXT PRIMARY KEY, policy_id TEXT, status TEXT, severity TEXT, category TEXT, app TEXT, user TEXT, ip_address TEXT,
    first_activity INTEGER, last_activity INTEGER, activity_count INTEGER, risk_score INTEGER, created INTEGER, suppressed INTEGER,
    read INTEGER, assigned_to TEXT, incident_id TEXT, merged_into TEXT, resolution TEXT, closed INTEGER,
    told_count INTEGER, told_severity TEXT, told_at INTEGER, body BLOB
) WITHOUT ROWID;
INSERT INTO alerts_anew SELECT
    alert_id, policy_id, status, severity, category, app, user, of_body(body, 'ip_address'),
    first_activity, of_body(body, 'last_activity'), of_body(body, 'activity_count'), of_body(body, 'risk_score'), created, suppressed,
    coalesce(of_body(body, 'read'), 0), of_body(body, 'assigned_to'), of_body(body, 'incident_id'), of_body(body, 'merged_into'),
    of_body(body, 'resolution'), of_body(body, 'closed'),
    CASE suppressed WHEN 0 THEN of_body(body, 'activity_count') END, CASE suppressed WHEN 0 THEN severity END,
    CASE suppressed WHEN 0 THEN created END, body
FROM alerts;
DROP TABLE alerts;
ALTER TABLE alerts_anew RENAME TO alerts;
CREATE INDEX alerts_by_creation ON alerts (created);
CREATE INDEX alerts_by_policy ON alerts (policy_id, suppressed, created);
CREATE INDEX alerts_by_incident ON alerts (incident_id) WHERE incident_id IS NOT NULL;
-- All that the queue is filtered and sorted by: of a million alerts it reads this alone, and then the bodies of a hundred.
CREATE INDEX alerts_in_the_queue ON alerts (
    status, merged_into, first_activity, last_activity, severity, risk_score, policy_id, category, app, user, ip_address, activity_count,
    created, suppressed, read, assigned_to, incident_id, resolution
);
CREATE INDEX alerts_to_tell ON alerts (told_at) WHERE activity_count > told_count;
"""
_SINCE_10 = """
-- What the evidence of an alert that may grow is made of: of each step how many activities, and which values their fields have.
CREATE TABLE alert_facts (alert_id TEXT PRIMARY KEY, facts BLOB) WITHOUT ROWID;
CREATE TRIGGER alert_removed AFTER DELETE ON alerts BEGIN DELETE FROM alert_facts WHERE alert_id = old.alert_id; END;
"""
_SINCE_11 = """
-- What rule files, exceptions, lists and the configuration said (store/state/file_versions.py).
CREATE TABLE file_versions (
    seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, name TEXT, what TEXT, while_stopped INTEGER, owner TEXT, modified INTEGER,
    digest BLOB, text TEXT
);
CREATE INDEX file_versions_by_name ON file_versions (kind, name, seq);
"""
_SINCE_12 = """
-- Messages to people of the last hour. last: the outbox's last row in one that is not over, else 0.
CREATE TABLE told (destination TEXT, at INTEGER, severity TEXT, last INTEGER, PRIMARY KEY (destination, at)) WITHOUT ROWID;
"""
_SINCE_13 = """
-- Governance commands whose outcome nobody was told of yet: noted with the outcome, by whatever process it comes from.
CREATE TABLE governance_untold (seq INTEGER PRIMARY KEY, command_id TEXT UNIQUE);
"""
_SINCE_14 = """
-- From when to when (event time, ms) alerts of a user or an address are of an incident; those of one subject never touch.
CREATE TABLE incident_spans (
    subject TEXT, first INTEGER, last INTEGER, incident_id TEXT, PRIMARY KEY (subject, last)
) WITHOUT ROWID;
CREATE INDEX incident_spans_by_incident ON incident_spans (incident_id, first);
CREATE INDEX incident_spans_by_time ON incident_spans (last);
-- All that an incident is summed up from, so that the alerts themselves are not read.
DROP INDEX alerts_by_incident;
CREATE INDEX alerts_by_incident ON alerts (
    incident_id, merged_into, status, severity, first_activity, last_activity, risk_score, policy_id, category, user, ip_address, app
) WHERE incident_id IS NOT NULL;
"""
_SINCE_15 = """
-- What is usual of a subject (who; "" of all together), of what anomaly policies observe (remembers). newest: the day of the newest
-- activity in it, since 1970. through: it has what the journal says up to this row.
CREATE TABLE habits (
    remembers TEXT, who TEXT, newest INTEGER, through INTEGER, memory BLOB, PRIMARY KEY (remembers, who)
) WITHOUT ROWID;
CREATE INDEX habits_by_time ON habits (newest);
CREATE TABLE habits_journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, observed BLOB);
-- Of what is observed it is known what was before.
CREATE TABLE habits_known (remembers TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE habits_to_judge (remembers TEXT, who TEXT, PRIMARY KEY (remembers, who)) WITHOUT ROWID;
"""
_SINCE_16 = """
-- What each alert adds to the priority of its user (who, as `model/identity.py` has it) in the days behind `at` (event time, ms). counts:
-- else it adds nothing now. forgiven: of its points, when the priority was reset.
CREATE TABLE priority_parts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, alert_id TEXT UNIQUE, who TEXT, policy_id TEXT, place TEXT, at INTEGER, points INTEGER,
    counts INTEGER, forgiven INTEGER DEFAULT 0
);
CREATE INDEX priority_parts_by_time ON priority_parts (at);
CREATE INDEX priority_parts_by_person ON priority_parts (who, at);
-- Alerts that were false positives: later parts of the same kind (seq > since) are worth less.
CREATE TABLE priority_lessons (alert_id TEXT PRIMARY KEY, who TEXT, policy_id TEXT, place TEXT, since INTEGER) WITHOUT ROWID;
CREATE INDEX priority_lessons_by_kind ON priority_lessons (who, policy_id, place, since);
CREATE TRIGGER alert_adds_no_more AFTER DELETE ON alerts BEGIN
    DELETE FROM priority_parts WHERE alert_id = old.alert_id;
    DELETE FROM priority_lessons WHERE alert_id = old.alert_id;
END;
INSERT INTO priority_parts (alert_id, who, policy_id, place, at, points, counts)
SELECT alert_id, person(user, app, of_body(body, 'app_instance')), policy_id, coalesce(of_body(body, 'country'), ''), last_activity,
    coalesce(risk_score, 0), merged_into IS NULL AND (status = 'open' OR coalesce(resolution, '') = 'true_positive')
FROM alerts WHERE user IS NOT NULL AND category IS NOT 'system' ORDER BY created, alert_id;
"""
_SINCE_17 = "-- Blocks have their records apart from the rest (store/log/packing.py), which an older casbd would take for damage.\n"
_SINCE_18 = """
-- What came too late to be judged (store/state/habits_late.py). since: the oldest of it (event time, ms), number: of activities, at: when
-- the first of it came; none while nothing waits. took (ms), observed: of the last time that it was judged from the log.
CREATE TABLE habits_late (
    remembers TEXT PRIMARY KEY, since INTEGER, number INTEGER DEFAULT 0, at INTEGER, took INTEGER DEFAULT 0, observed INTEGER DEFAULT 0
) WITHOUT ROWID;
"""
_SINCE_19 = """
-- The outputs that have heard of an alert, as JSON. Before, all that there were heard of all that was told.
ALTER TABLE alerts ADD COLUMN told_to TEXT;
UPDATE alerts SET told_to = (
    SELECT json_group_array(name) FROM (SELECT name FROM destinations UNION SELECT destination FROM outbox)
) WHERE told_at IS NOT NULL;
"""
_SINCE_20 = """
-- kept_as: under which name memories are kept (`habits.remembers`, and in the journal), as another one is made while they are read back.
-- paused: the alerts of a look back are being raised, so that nothing is observed.
ALTER TABLE habits_known ADD COLUMN kept_as TEXT;
ALTER TABLE habits_known ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
UPDATE habits_known SET kept_as = remembers;
"""
_SINCE_21 = """
-- What is to be sent once more (store/state/replays.py). created, alert_id: of the last alert that was queued.
CREATE TABLE replays (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT, since INTEGER, until INTEGER, created INTEGER, alert_id TEXT,
    alerts_left INTEGER, place INTEGER, newest_block INTEGER
);
-- The outputs that are new no more.
CREATE TABLE outputs_begun (name TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO outputs_begun SELECT name FROM destinations UNION SELECT destination FROM outbox;
"""
_SINCE_22 = "-- Blocks have the records of each lot of people apart (store/log/lots.py), which an older casbd would take for damage.\n"
_SINCE_23 = "ALTER TABLE outbox ADD COLUMN undecided INTEGER NOT NULL DEFAULT 0; -- Its output's filters are still to be asked.\n"
CHANGES = {
    0: TABLES,
    2: _SINCE_2,
    3: _SINCE_3,
    4: _SINCE_4,
    5: _SINCE_5,
    6: _SINCE_6,
    7: _SINCE_7,
    8: _SINCE_8,
    9: _SINCE_9,
    10: _SINCE_10,
    11: _SINCE_11,
    12: _SINCE_12,
    13: _SINCE_13,
    14: _SINCE_14,
    15: _SINCE_15,
    16: _SINCE_16,
    17: _SINCE_17,
    18: _SINCE_18,
    19: _SINCE_19,
    20: _SINCE_20,
    21: _SINCE_21,
    22: _SINCE_22,
    23: _SINCE_23,
}
"""What each version's file needs to become the next one's; a new one (0) needs all."""
