-- What its storyboard asks for in place of a take that an earlier version of sorad bought with another text; NULL: that
-- very text.

ALTER TABLE takes ADD COLUMN newer TEXT;
