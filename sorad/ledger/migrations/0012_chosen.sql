-- When the user chose a take for its segment; 0: not chosen.

ALTER TABLE takes ADD COLUMN chosen_at REAL NOT NULL DEFAULT 0;
