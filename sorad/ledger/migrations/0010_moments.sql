-- When things happened by a clock that nobody can set (sorad/elapsed.py); NULL: not known.
ALTER TABLE takes ADD COLUMN moment TEXT;
-- Seconds that our clock was ahead of the provider's at the last intent; NULL: not known.
ALTER TABLE takes ADD COLUMN ahead REAL;
ALTER TABLE history ADD COLUMN moment TEXT;

-- As before, but that no date tells any more how long a failed task has been asked after, and what was bought since.
ALTER TABLE looks RENAME TO looks_by_date;
DROP INDEX looks_due;
CREATE TABLE looks (
    take_id   INTEGER NOT NULL REFERENCES takes (id),
    remote_id TEXT NOT NULL,
    provider  TEXT NOT NULL,
    base_url  TEXT NOT NULL,
    account   TEXT NOT NULL,
    waited    REAL NOT NULL,     -- seconds that really passed since it was said to have failed, as of ...
    asked     TEXT,              -- ... this moment
    newest    INTEGER NOT NULL,  -- the newest take of then: one that is newer may have been bought in its place
    due_at    REAL NOT NULL,
    PRIMARY KEY (take_id, remote_id)
) WITHOUT ROWID;
CREATE INDEX looks_due ON looks (due_at);
INSERT INTO looks
    SELECT take_id, remote_id, provider, base_url, account, 0, NULL,
           coalesce((SELECT max(id) FROM takes WHERE created_at <= failed_at), 0), due_at
    FROM looks_by_date;
DROP TABLE looks_by_date;
