-- Since which place in the order the prints of a photo are compared with: its own, unless they were made later; then behind
-- all that had been looked at by then. Nothing where no prints were made so far.
ALTER TABLE photo_sightings ADD COLUMN prints_seq BIGINT;
UPDATE photo_sightings SET prints_seq = seq WHERE EXISTS (
    SELECT 1 FROM blob_facts
    WHERE blob_facts.org_id = photo_sightings.org_id AND blob_facts.sha256 = photo_sightings.sha256
);
CREATE UNIQUE INDEX photo_sightings_by_prints ON photo_sightings (org_id, prints_seq);

-- What was looked at by other rules is looked at again: behind all that comes meanwhile, which is why it is due in the
-- year 2100.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT org_id, visit_id, 1, 4102444800000 FROM photo_looks WHERE TRUE
ON CONFLICT DO NOTHING;
