DELETE FROM sqlite_stat1 WHERE tbl IN ('feed', 'visit_photos', 'doc_actors', 'assignments');
ANALYZE sqlite_schema;
