-- Which blobs an intent names, and whose it is: a claim outside any visit, such as the photo of a check-in.
CREATE TABLE intent_blobs (
    org_id TEXT COLLATE "C" NOT NULL,
    intent_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, intent_id, sha256)
);
CREATE INDEX intent_blobs_by_hash ON intent_blobs (org_id, sha256);
