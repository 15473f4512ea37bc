-- Without statistics SQLite takes an organisation for ten rows, and walks all of them by the primary key where an index
-- would find the few that are meant. These are the proportions of a large organisation; nothing measures them anew.
ANALYZE feed;
ANALYZE visit_photos;
ANALYZE doc_actors;
ANALYZE assignments;
DELETE FROM sqlite_stat1 WHERE tbl IN ('feed', 'visit_photos', 'doc_actors', 'assignments');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('feed', 'feed', '1000000 100000 1000 100 1'),
    ('feed', 'feed_by_pos', '1000000 100000 1000 1'),
    ('feed', 'feed_by_item', '1000000 100000 10000 4'),
    ('visit_photos', 'visit_photos', '1000000 100000 10 1'),
    ('visit_photos', 'visit_photos_by_hash', '1000000 100000 1'),
    ('doc_actors', 'doc_actors', '1000000 100000 1'),
    ('doc_actors', 'doc_actors_by_visit', '1000000 100000 2'),
    ('doc_actors', 'doc_actors_by_device', '1000000 100000 1000'),
    ('assignments', 'sqlite_autoindex_assignments_1', '1000000 100000 1'),
    ('assignments', 'assignments_by_visit', '1000000 100000 2'),
    ('assignments', 'assignments_by_rep', '1000000 100000 1000 10');
ANALYZE sqlite_schema;
