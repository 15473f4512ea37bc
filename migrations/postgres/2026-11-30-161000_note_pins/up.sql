-- The norms that the crew pinned with its first record, as the document says: `code/version` of the template, the version of
-- the policy. They follow from the document.
ALTER TABLE visits ADD COLUMN pinned_template TEXT COLLATE "C";
ALTER TABLE visits ADD COLUMN pinned_policy_version BIGINT;
CREATE INDEX visits_by_pinned_template ON visits (org_id, pinned_template) WHERE pinned_template IS NOT NULL;
CREATE INDEX visits_by_pinned_policy ON visits (org_id, pinned_policy_version) WHERE pinned_policy_version IS NOT NULL;

-- Visits that have a document are derived anew when they are looked at, behind all that comes meanwhile, which is why they are
-- due in the year 2100.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT org_id, visit_id, 1, 4102444800000 FROM documents WHERE true
ON CONFLICT DO NOTHING;
