DROP TABLE batch_seals;
DROP TABLE quarantine;
DROP TABLE doc_actors;
DROP TABLE doc_changes;
DROP TABLE documents;
