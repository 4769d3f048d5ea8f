-- Every content that a storyboard of its own ever had: what repeats an earlier version is a copy of it, too.
CREATE TABLE contents (
    content       TEXT NOT NULL,
    storyboard_id INTEGER NOT NULL REFERENCES storyboards (id),
    PRIMARY KEY (content, storyboard_id)
) WITHOUT ROWID;
CREATE INDEX contents_storyboard ON contents (storyboard_id);
INSERT INTO contents (content, storyboard_id)
    SELECT content, id FROM storyboards WHERE content <> '' AND state = 'ok';
