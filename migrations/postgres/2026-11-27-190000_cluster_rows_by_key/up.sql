-- SQLite only: PostgreSQL has no tables that are their own index.
SELECT 1;
