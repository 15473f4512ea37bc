-- What is packed could not be unpacked here: going back must not lose it, so it fails while there is a pack.
CREATE TEMPORARY TABLE no_packs (packs BIGINT NOT NULL CHECK (packs = 0));
INSERT INTO no_packs SELECT COUNT(*) FROM doc_packs;
DROP TABLE no_packs;
DROP INDEX documents_to_pack;
ALTER TABLE documents DROP COLUMN pack_weight;
ALTER TABLE documents DROP COLUMN packed_through;
ALTER TABLE doc_changes DROP COLUMN packed_bytes;
DROP TABLE doc_packs;
