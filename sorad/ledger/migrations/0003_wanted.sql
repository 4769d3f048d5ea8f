-- Whether its storyboard still asks for a take: one whose create is open is not sent again where it does not.

ALTER TABLE takes ADD COLUMN wanted INTEGER NOT NULL DEFAULT 1;
