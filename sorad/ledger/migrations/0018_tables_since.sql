-- Tables that lie in the vault of an earlier sorad, which read none, are not bought by themselves: since when it was not
-- earlier any more (epoch seconds). A new ledger has no such date.
INSERT INTO memory (key, value)
SELECT 'tables_since', strftime('%s', 'now') WHERE EXISTS (SELECT 1 FROM storyboards);
