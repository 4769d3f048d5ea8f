-- How long a task was waited for between looks at it, in seconds: what patience goes by, for the machine's clock
-- may jump. Takes under way begin their patience anew.

ALTER TABLE takes ADD COLUMN watched REAL NOT NULL DEFAULT 0;
