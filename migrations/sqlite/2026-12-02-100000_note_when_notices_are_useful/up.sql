-- Why a message was not to be sent, beside what its sender told of it.
ALTER TABLE notices ADD COLUMN withheld TEXT;
UPDATE notices SET withheld = reason, reason = NULL WHERE state <> 'failed';
-- Variables of its text that had no value, as a JSON array.
ALTER TABLE notices ADD COLUMN missing TEXT;
-- From when on it tells nothing useful any more.
ALTER TABLE notices ADD COLUMN useful_until_ms BIGINT NOT NULL DEFAULT 0;
UPDATE notices SET useful_until_ms = COALESCE(
    (SELECT planned_start_ms FROM visits WHERE visits.org_id = notices.org_id AND visits.id = notices.visit_id),
    not_before_ms
);
-- The fact of the visit that it tells of, once; absent where the plan says when.
ALTER TABLE notices ADD COLUMN fact TEXT;
CREATE UNIQUE INDEX notices_by_fact ON notices (org_id, visit_id, fact);
