-- The id that a purchase was given before its create left, and what that create said, as JSON: a lost one is looked for by
-- what was sent, whatever the config says by then. Of what was bought before, neither is known.
ALTER TABLE takes ADD COLUMN own_id TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN sent TEXT NOT NULL DEFAULT '';
