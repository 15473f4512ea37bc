-- PostgreSQL measures its own statistics; this step is for SQLite.
SELECT 1;
