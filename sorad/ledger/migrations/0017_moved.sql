-- Takes that were moved to another provider than their storyboard names: by whom ('': not moved), the target that it named
-- then, what is asked for otherwise there (members of the request, as JSON), and what was tried elsewhere before (JSON).

ALTER TABLE takes ADD COLUMN moved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN moved_from TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN moved_as TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN attempts TEXT NOT NULL DEFAULT '';

-- Whether a cost is what the provider says, and not the estimate. Of what was bought before, that is known where they differ.
ALTER TABLE takes ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
UPDATE purchases SET told = 1 WHERE cost <> estimate;
