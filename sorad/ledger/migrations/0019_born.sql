-- When a ledger was made (epoch seconds). What lay in the vault before may be known to one that was lost.
INSERT INTO memory (key, value)
SELECT 'born', strftime('%s', 'now') WHERE NOT EXISTS (SELECT 1 FROM storyboards);
