-- In which order queued takes are bought: storyboards take turns, segments in order within each (see turns.py).

ALTER TABLE takes ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
CREATE TEMP TABLE dealt (id INTEGER PRIMARY KEY, turn INTEGER NOT NULL);
INSERT INTO dealt
    SELECT id, row_number() OVER (PARTITION BY storyboard_id ORDER BY segment, take, id)
    FROM takes WHERE state = 'queued';
UPDATE takes SET turn = (SELECT turn FROM dealt WHERE dealt.id = takes.id) WHERE state = 'queued';
DROP TABLE dealt;
-- Due times last: a take that waits is passed over without a look at its row.
CREATE INDEX takes_turn ON takes (root, turn, id, due_at) WHERE claim = '' AND state = 'queued';
DROP INDEX takes_target;
CREATE INDEX takes_target ON takes (root, target, turn, id, due_at) WHERE claim = '' AND state = 'queued';
CREATE INDEX takes_dealt ON takes (storyboard_id, turn) WHERE state = 'queued';
