DROP TABLE blob_claims;
DROP TABLE blobs;
