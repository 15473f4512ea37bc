DROP TABLE tasks;
DROP TABLE deadline_history;
DROP TABLE deadlines;
