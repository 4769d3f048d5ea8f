-- How often a gateway sent a create again by itself, as it told: each may have been paid for, and counts as spent.
ALTER TABLE takes ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER spending_added;
CREATE TRIGGER spending_added AFTER INSERT ON purchases WHEN NEW.charged_at IS NOT NULL BEGIN
    INSERT INTO spending (hour, amount)
        VALUES (CAST(NEW.charged_at AS INTEGER) / 3600, coalesce(NEW.cost, 0) * (1 + NEW.repeats))
        ON CONFLICT (hour) DO UPDATE SET amount = amount + excluded.amount;
END;

DROP TRIGGER spending_changed;
CREATE TRIGGER spending_changed AFTER UPDATE OF charged_at, cost, repeats ON purchases
WHEN OLD.charged_at IS NOT NEW.charged_at OR OLD.cost IS NOT NEW.cost OR OLD.repeats IS NOT NEW.repeats BEGIN
    UPDATE spending SET amount = amount - coalesce(OLD.cost, 0) * (1 + OLD.repeats)
        WHERE hour = CAST(OLD.charged_at AS INTEGER) / 3600;
    INSERT INTO spending (hour, amount)
        SELECT CAST(NEW.charged_at AS INTEGER) / 3600, coalesce(NEW.cost, 0) * (1 + NEW.repeats)
        WHERE NEW.charged_at IS NOT NULL
        ON CONFLICT (hour) DO UPDATE SET amount = amount + excluded.amount;
END;

-- The covering index of the sum.
DROP INDEX purchases_charged;
CREATE INDEX purchases_charged ON purchases (charged_at, cost, repeats) WHERE charged_at IS NOT NULL;
