-- Visits whose photos are to be looked at: after a record or its bytes came, or what counts of the visit changed. The
-- revision tells whether more came while it was looked at.
CREATE TABLE photo_checks (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id)
);
CREATE INDEX photo_checks_due ON photo_checks (due_at_ms, org_id, visit_id);

-- Photos that were looked at, in the order in which they were: the earlier one of two is that with the smaller number.
-- The prints of those that have some are the index of likenesses, which is built anew at start in this order.
CREATE TABLE photo_sightings (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    site_id TEXT COLLATE "C",
    device_id TEXT COLLATE "C",
    taken_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id, photo_id, sha256),
    UNIQUE (org_id, seq)
);
CREATE INDEX photo_sightings_by_hash ON photo_sightings (org_id, sha256, seq);

-- What a person should look at about a photo. What nobody has decided on follows from the photos and is written anew.
CREATE TABLE findings (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    visit_id TEXT COLLATE "C" NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    earlier_visit_id TEXT COLLATE "C",
    earlier_photo_id TEXT COLLATE "C",
    earlier_sha256 TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'confirmed', 'dismissed')),
    version BIGINT NOT NULL,
    made_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX findings_by_visit ON findings (org_id, visit_id, photo_id, code);

-- What was there before is looked at too, the oldest first.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT org_id, visit_id, 1, MIN(taken_at_ms) FROM visit_photos GROUP BY org_id, visit_id;
