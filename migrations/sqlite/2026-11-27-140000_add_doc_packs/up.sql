-- The bytes of a document's earlier pushes, one after the other in one zstd frame: exactly as received, never re-encoded.
CREATE TABLE doc_packs (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    through_seq BIGINT NOT NULL,
    content_bytes BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (org_id, visit_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES documents (org_id, visit_id)
);

-- How many bytes of the pack are this push's; then its own `bytes` are empty.
ALTER TABLE doc_changes ADD COLUMN packed_bytes BIGINT;

-- Pushes up to `packed_through` are in the pack. The others weigh one each, the end of the visit weighs 16: a document of
-- that weight is due.
ALTER TABLE documents ADD COLUMN packed_through BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN pack_weight BIGINT NOT NULL DEFAULT 1;
CREATE INDEX documents_to_pack ON documents (org_id, visit_id) WHERE pack_weight >= 16;
