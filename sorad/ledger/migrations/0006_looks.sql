-- Tasks that were said to have failed, and when each is asked after again: by task, for the take may be bought anew.
-- Those that failed before this version are not asked after by themselves; `retry` asks.
CREATE TABLE looks (
    take_id   INTEGER NOT NULL REFERENCES takes (id),
    remote_id TEXT NOT NULL,
    provider  TEXT NOT NULL,
    base_url  TEXT NOT NULL,
    account   TEXT NOT NULL,
    failed_at REAL NOT NULL,
    due_at    REAL NOT NULL,
    PRIMARY KEY (take_id, remote_id)
) WITHOUT ROWID;
CREATE INDEX looks_due ON looks (due_at);

-- Whether `retry` asked for it anew: its failed task is asked after first, and holds no slot meanwhile.
ALTER TABLE takes ADD COLUMN rebuy INTEGER NOT NULL DEFAULT 0;
CREATE INDEX takes_rebuy ON takes (state) WHERE rebuy = 1;
