-- Where the disk that a storyboard lies on is mounted, below its root, and which one it was; '' on the root's own.
-- What is gone with its disk was not deleted. Those known before learn it at their next look.

ALTER TABLE storyboards ADD COLUMN mount TEXT NOT NULL DEFAULT '';
ALTER TABLE storyboards ADD COLUMN disk TEXT NOT NULL DEFAULT '';
