-- Why no visit follows from the answer to a task from which one would.
ALTER TABLE tasks ADD COLUMN no_next_visit TEXT;
