-- Photos that are near to an earlier one and were not told: the nearest in bits, and nothing of the other photo. A looser
-- limit would tell them; nobody decided on them.
CREATE TABLE photo_near_misses (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    bits BIGINT NOT NULL,
    same_site BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, visit_id, photo_id, sha256)
);

-- Findings of version 3 of the rules say the number that a limit is compared with: what was found by others is found anew.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT org_id, visit_id, 1, looked_at_ms FROM photo_looks WHERE rules_version < 3
ON CONFLICT DO NOTHING;
