"""What acts or tells without an address: as whom each job acts, to whom each kind of letter speaks, what a command prints."""

from __future__ import annotations

# Nobody rings these but the clock and the verbs. Each takes what is due from the database and asks rights there again.
TASKS = {
    "care.check_in": "system: writes to those who agreed, to nobody of whom it is told",
    "housekeeping.answer": "system: a mark of the engine",
    "housekeeping.beat_mark": "system: a mark of the engine",
    "housekeeping.heartbeat": "system: an empty request to one address of the settings",
    "housekeeping.sweep_files": "system: removes files that no row names",
    "inbound.poll": "whoever wrote the mail, if its token and their role still hold",
    "letter.sweep": "system: sends what was written, after asking each recipient's standing again",
    "mirror.sweep": "system: sends to a team's channel what that team reads",
    "nameless.publish": "system: nobody, on purpose",
    "reminder.audit": "system: mends the ledger",
    "reminder.digest": "system: writes each person what is theirs",
    "reminder.moments": "system: writes each person what is theirs",
}

LETTERS = {
    "account": "the person who asked",
    "care": "the person who recorded, unless they declined",
    "digest": "each person, of promises whose standing holds that morning",
    "handed_over": "the new owner and the one before",
    "help": "lead and backup of the promise's team who read the record",
    "mirror_off": "the leads of the channel's team",
    "moment": "owner, backup or leads of the promise, who read the record",
    "not_mine": "the leads of the promise's team who read the record",
    "orphaned": "the leads of the promise's team who read the record",
    "stand_in": "the stand-in whom the absent person has named",
    "test": "the administrator who pressed the button",
    "unreached": "the leads of the teams of whom no mail reaches",
    "untaken": "the person who sent the mail",
}

# Whoever runs a command holds the machine, the database and the keys (docs/security.md).
COMMANDS = {
    "after_restore": "counts of letters",
    "audit_reminders": "counts and numbers of promises",
    "bench_idle": "figures",
    "bench_left": "figures",
    "bench_seed": "figures",
    "check_files": "names of stored files, which are hashes",
    "deliver": "counts of letters",
    "doctor": "states of the engine and of the settings; no secret",
    "import_incidents": "lines of the file that was given, and the numbers of the records made",
    "rebuild_index": "counts",
    "receive_mail": "what became of the mail",
    "seed_load": "counts",
    "seed_sample": "addresses of the sample people",
}
