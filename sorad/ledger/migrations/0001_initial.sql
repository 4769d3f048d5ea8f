-- Times are epoch seconds, money is micro-units, JSON is text. Takes and purchases are never deleted.
-- Text that UTF-8 cannot carry (lone surrogates of odd file names) is stored as a BLOB: see connection.py.

CREATE TABLE storyboards (
    id         INTEGER PRIMARY KEY,
    root       TEXT NOT NULL,
    path       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    content    TEXT NOT NULL,
    state      TEXT NOT NULL,
    problems   TEXT NOT NULL,
    segments   INTEGER NOT NULL,
    updated_at REAL NOT NULL,
    copy_of    TEXT NOT NULL,
    rules      TEXT NOT NULL
);
CREATE UNIQUE INDEX storyboards_path ON storyboards (path) WHERE state <> 'gone';
CREATE INDEX storyboards_any_path ON storyboards (path);
CREATE INDEX storyboards_root ON storyboards (root);
CREATE INDEX storyboards_content ON storyboards (content);

CREATE TABLE takes (
    id            INTEGER PRIMARY KEY,
    storyboard_id INTEGER NOT NULL REFERENCES storyboards (id),
    root          TEXT NOT NULL,               -- always its storyboard's root; here for takes_due
    segment       INTEGER NOT NULL,
    take          INTEGER NOT NULL,
    fingerprint   TEXT NOT NULL,
    state         TEXT NOT NULL,
    output        TEXT NOT NULL,
    due_at        REAL NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,
    creates       INTEGER NOT NULL DEFAULT 0,
    claim         TEXT NOT NULL DEFAULT '',
    provider      TEXT NOT NULL DEFAULT '',
    base_url      TEXT NOT NULL DEFAULT '',
    account       TEXT NOT NULL DEFAULT '',
    remote_id     TEXT NOT NULL DEFAULT '',
    request_id    TEXT NOT NULL DEFAULT '',
    validator     TEXT NOT NULL DEFAULT '',
    cost          INTEGER,
    error         TEXT,
    created_at    REAL NOT NULL,
    updated_at    REAL NOT NULL,
    intent_at     REAL,
    accepted_at   REAL,
    finished_at   REAL,
    approved      INTEGER NOT NULL DEFAULT 0,
    extra         INTEGER NOT NULL DEFAULT 0,
    parked        INTEGER NOT NULL DEFAULT 0,
    request       TEXT NOT NULL                -- last: long prompts overflow the page
);
CREATE UNIQUE INDEX takes_known ON takes (storyboard_id, segment, take, fingerprint);
-- What is due: by due time before anything else but state and root, so that an empty claim is one seek.
CREATE INDEX takes_due ON takes (state, root, due_at, id)
    WHERE claim = '' AND state IN ('queued', 'held', 'submitting', 'unknown', 'generating', 'downloading');
CREATE INDEX takes_fingerprint ON takes (fingerprint);  -- which storyboards know a text
CREATE INDEX takes_state ON takes (state);
CREATE INDEX takes_output ON takes (output);
CREATE INDEX takes_claimed ON takes (claim, state, root) WHERE claim <> '';
CREATE INDEX takes_parked ON takes (state, root) WHERE parked = 1;

-- Every create of a take, the last one standing for the take as it is: its id stays owned, its money stays
-- spent, even when the take is bought again.
CREATE TABLE purchases (
    id         INTEGER PRIMARY KEY,
    take_id    INTEGER NOT NULL REFERENCES takes (id),
    remote_id  TEXT NOT NULL,
    estimate   INTEGER,                        -- the price at the intent; NULL: not known, or not sent from here
    cost       INTEGER,
    charged_at REAL                            -- when its cost counts as spent; NULL: it does not
);
CREATE INDEX purchases_take ON purchases (take_id);
CREATE INDEX purchases_remote ON purchases (remote_id) WHERE remote_id <> '';
CREATE INDEX purchases_charged ON purchases (charged_at, cost) WHERE charged_at IS NOT NULL;

CREATE TABLE history (
    take_id    INTEGER NOT NULL REFERENCES takes (id),
    n          INTEGER NOT NULL,
    at         REAL NOT NULL,
    state      TEXT NOT NULL,
    note       TEXT NOT NULL,
    request_id TEXT NOT NULL,
    problem    TEXT,
    PRIMARY KEY (take_id, n)
) WITHOUT ROWID;

-- Kept counts: a million done takes must not slow a question.
CREATE TABLE tally (
    root  TEXT NOT NULL,
    state TEXT NOT NULL,
    takes INTEGER NOT NULL,
    PRIMARY KEY (root, state)
) WITHOUT ROWID;

CREATE TRIGGER tally_added AFTER INSERT ON takes BEGIN
    INSERT INTO tally (root, state, takes) VALUES (NEW.root, NEW.state, 1)
        ON CONFLICT (root, state) DO UPDATE SET takes = takes + 1;
END;

CREATE TRIGGER tally_moved AFTER UPDATE OF state, root ON takes
WHEN OLD.state <> NEW.state OR OLD.root <> NEW.root BEGIN
    UPDATE tally SET takes = takes - 1 WHERE root = OLD.root AND state = OLD.state;
    INSERT INTO tally (root, state, takes) VALUES (NEW.root, NEW.state, 1)
        ON CONFLICT (root, state) DO UPDATE SET takes = takes + 1;
END;

-- Money by hour since the epoch; the hour that a question cuts is summed from the rows themselves.
CREATE TABLE spending (
    hour   INTEGER PRIMARY KEY,
    amount INTEGER NOT NULL
);

CREATE TRIGGER spending_added AFTER INSERT ON purchases WHEN NEW.charged_at IS NOT NULL BEGIN
    INSERT INTO spending (hour, amount) VALUES (CAST(NEW.charged_at AS INTEGER) / 3600, coalesce(NEW.cost, 0))
        ON CONFLICT (hour) DO UPDATE SET amount = amount + excluded.amount;
END;

CREATE TRIGGER spending_changed AFTER UPDATE OF charged_at, cost ON purchases
WHEN OLD.charged_at IS NOT NEW.charged_at OR OLD.cost IS NOT NEW.cost BEGIN
    UPDATE spending SET amount = amount - coalesce(OLD.cost, 0)
        WHERE hour = CAST(OLD.charged_at AS INTEGER) / 3600;
    INSERT INTO spending (hour, amount)
        SELECT CAST(NEW.charged_at AS INTEGER) / 3600, coalesce(NEW.cost, 0) WHERE NEW.charged_at IS NOT NULL
        ON CONFLICT (hour) DO UPDATE SET amount = amount + excluded.amount;
END;

CREATE TABLE roots (
    path       TEXT PRIMARY KEY,
    state      TEXT NOT NULL,
    device     TEXT NOT NULL,
    reason     TEXT,
    scanned_at REAL,
    active     INTEGER NOT NULL
);

CREATE TABLE memory (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE commands (
    id          INTEGER PRIMARY KEY,
    at          REAL NOT NULL,
    verb        TEXT NOT NULL,
    args        TEXT NOT NULL,
    result      TEXT,
    answered_at REAL
);
CREATE INDEX commands_waiting ON commands (id) WHERE result IS NULL;
