-- A document in the slot of a photo is no photo of it: what was derived before is derived anew when the visit is looked at,
-- behind all that comes meanwhile, which is why it is due in the year 2100.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT DISTINCT org_id, visit_id, 1, 4102444800000 FROM visit_photos WHERE kind <> 'photo'
ON CONFLICT DO NOTHING;
