-- How many bytes the blobs of an organisation have, counted in the transaction that adds one: a quota is looked at
-- without a walk through all of them. An organisation without a row has none.
CREATE TABLE org_storage (
    org_id TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (org_id),
    FOREIGN KEY (org_id) REFERENCES organisations (id)
);
INSERT INTO org_storage (org_id, bytes) SELECT org_id, SUM(bytes) FROM blobs GROUP BY org_id;
