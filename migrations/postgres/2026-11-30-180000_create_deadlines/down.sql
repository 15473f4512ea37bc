DROP TABLE tasks;
DROP TABLE deadlines;
