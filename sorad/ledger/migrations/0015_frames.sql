-- Shots that continue the one before: which segment stands before a take's own in its storyboard, and the frame that it
-- was bought with (hash, place, the task that made it); '' where there is none.

ALTER TABLE takes ADD COLUMN follows INTEGER;
ALTER TABLE takes ADD COLUMN frame TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN frame_path TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN frame_of TEXT NOT NULL DEFAULT '';
