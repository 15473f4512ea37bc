-- Why a statement was late when it came, written with it; absent where it was not, and in older rows.
ALTER TABLE statements ADD COLUMN late_reason TEXT;
