-- Visits whose photos were looked at: by which version of the rules and of the policy. One whose crew pinned a policy that
-- is not published here was judged by the planned one, and is looked at again once that is published.
CREATE TABLE photo_looks (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    rules_version BIGINT NOT NULL,
    policy_version BIGINT NOT NULL,
    awaited_policy BIGINT,
    looked_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id)
);
CREATE INDEX photo_looks_awaiting ON photo_looks (org_id, awaited_policy, visit_id) WHERE awaited_policy IS NOT NULL;

-- What was looked at before is looked at again, so that it is known of every visit: behind all that comes meanwhile, which
-- is why it is due in the year 2100.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT org_id, visit_id, 1, 4102444800000 FROM photo_sightings GROUP BY org_id, visit_id
ON CONFLICT DO NOTHING;
