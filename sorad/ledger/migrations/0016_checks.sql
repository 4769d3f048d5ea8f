-- What a look at a delivered video found, and whether its poster is there: see `Take`. And what is still to be looked at.

ALTER TABLE takes ADD COLUMN checks TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN poster INTEGER NOT NULL DEFAULT 0;
CREATE INDEX takes_unseen_poster ON takes (root, id) WHERE state = 'done' AND poster = 0 AND error IS NULL;
CREATE INDEX takes_unseen_checks ON takes (root, id) WHERE state = 'done' AND checks = '' AND error IS NULL;
CREATE INDEX takes_unseen_left ON takes (root, id) WHERE state = 'done' AND poster = 1 AND error IS NOT NULL;
