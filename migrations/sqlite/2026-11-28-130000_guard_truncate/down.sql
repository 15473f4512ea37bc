-- SQLite has no TRUNCATE, and each connection of ours has its REPLACE fire the triggers of deletion; this step is for
-- PostgreSQL.
SELECT 1;
