-- Several providers. Which one a take is wanted from, by its name in the config ('': the first), and the currency of
-- its cost; and of each purchase where it was made. Of what was bought before, that is known of each take's last create,
-- and of those that failed and are asked after; '' is not known, and may be anywhere.
ALTER TABLE takes ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN base_url TEXT NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN currency TEXT NOT NULL DEFAULT '';

UPDATE takes SET currency = coalesce((SELECT trim(value, '"') FROM memory WHERE key = 'currency'), '')
    WHERE provider <> '';
UPDATE purchases SET currency = coalesce((SELECT trim(value, '"') FROM memory WHERE key = 'currency'), '');
UPDATE purchases SET (provider, base_url, account) = (
    SELECT l.provider, l.base_url, l.account FROM looks l
    WHERE l.take_id = purchases.take_id AND l.remote_id = purchases.remote_id
) WHERE remote_id <> '' AND EXISTS (
    SELECT 1 FROM looks l WHERE l.take_id = purchases.take_id AND l.remote_id = purchases.remote_id
);
UPDATE purchases SET (provider, base_url, account) = (
    SELECT t.provider, t.base_url, t.account FROM takes t WHERE t.id = purchases.take_id
) WHERE provider = '' AND id IN (SELECT max(id) FROM purchases GROUP BY take_id);

-- One id may be that of two tasks, at two addresses.
CREATE TABLE looks_at (
    take_id   INTEGER NOT NULL REFERENCES takes (id),
    remote_id TEXT NOT NULL,
    provider  TEXT NOT NULL,
    base_url  TEXT NOT NULL,
    account   TEXT NOT NULL,
    waited    REAL NOT NULL,
    asked     TEXT,
    newest    INTEGER NOT NULL,
    due_at    REAL NOT NULL,
    PRIMARY KEY (take_id, remote_id, provider, base_url)
) WITHOUT ROWID;
INSERT INTO looks_at
    SELECT take_id, remote_id, provider, base_url, account, waited, asked, newest, due_at FROM looks;
DROP TABLE looks;
ALTER TABLE looks_at RENAME TO looks;
CREATE INDEX looks_due ON looks (due_at);

-- Money by hour and currency: currencies are never added up.
DROP TRIGGER spending_added;
DROP TRIGGER spending_changed;
DROP TABLE spending;
CREATE TABLE spending (
    hour     INTEGER NOT NULL,
    currency TEXT NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (hour, currency)
) WITHOUT ROWID;
INSERT INTO spending (hour, currency, amount)
    SELECT CAST(charged_at AS INTEGER) / 3600, currency,
           CAST(total(coalesce(cost, 0) * (1 + repeats)) AS INTEGER)
    FROM purchases WHERE charged_at IS NOT NULL GROUP BY 1, 2;

CREATE TRIGGER spending_added AFTER INSERT ON purchases WHEN NEW.charged_at IS NOT NULL BEGIN
    INSERT INTO spending (hour, currency, amount)
        VALUES (CAST(NEW.charged_at AS INTEGER) / 3600, NEW.currency, coalesce(NEW.cost, 0) * (1 + NEW.repeats))
        ON CONFLICT (hour, currency) DO UPDATE SET amount = amount + excluded.amount;
END;

CREATE TRIGGER spending_changed AFTER UPDATE OF charged_at, cost, repeats, currency ON purchases
WHEN OLD.charged_at IS NOT NEW.charged_at OR OLD.cost IS NOT NEW.cost OR OLD.repeats IS NOT NEW.repeats
    OR OLD.currency IS NOT NEW.currency
BEGIN
    UPDATE spending SET amount = amount - coalesce(OLD.cost, 0) * (1 + OLD.repeats)
        WHERE hour = CAST(OLD.charged_at AS INTEGER) / 3600 AND currency = OLD.currency;
    INSERT INTO spending (hour, currency, amount)
        SELECT CAST(NEW.charged_at AS INTEGER) / 3600, NEW.currency, coalesce(NEW.cost, 0) * (1 + NEW.repeats)
        WHERE NEW.charged_at IS NOT NULL
        ON CONFLICT (hour, currency) DO UPDATE SET amount = amount + excluded.amount;
END;

-- The covering index of the sum.
DROP INDEX purchases_charged;
CREATE INDEX purchases_charged ON purchases (charged_at, currency, cost, repeats) WHERE charged_at IS NOT NULL;

-- What waits for a provider that may not buy must not be looked through for what waits for another.
CREATE INDEX takes_target ON takes (root, target, due_at, id) WHERE claim = '' AND state = 'queued';
CREATE INDEX takes_there ON takes (provider, base_url, account, parked, state)
    WHERE state IN ('submitting', 'unknown', 'generating');

-- Where takes were ever sent: few rows, so that nobody need look through the takes for them.
CREATE TABLE parties (
    provider TEXT NOT NULL,
    base_url TEXT NOT NULL,
    account  TEXT NOT NULL,
    PRIMARY KEY (provider, base_url, account)
) WITHOUT ROWID;
INSERT INTO parties SELECT DISTINCT provider, base_url, account FROM takes WHERE provider <> '';
INSERT OR IGNORE INTO parties SELECT DISTINCT provider, base_url, account FROM looks;
CREATE TRIGGER parties_added AFTER INSERT ON takes WHEN NEW.provider <> '' BEGIN
    INSERT OR IGNORE INTO parties VALUES (NEW.provider, NEW.base_url, NEW.account);
END;
CREATE TRIGGER parties_changed AFTER UPDATE OF provider, base_url, account ON takes WHEN NEW.provider <> '' BEGIN
    INSERT OR IGNORE INTO parties VALUES (NEW.provider, NEW.base_url, NEW.account);
END;
