-- The check value of the log up to each event, and of the whole log, so that an append finds it.
-- 64 bits, kept as SQLite's signed integers. `checks.rs` computes those of the rows that are there.
ALTER TABLE events ADD COLUMN check_value INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN last_check INTEGER NOT NULL DEFAULT 0;
