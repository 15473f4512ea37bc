DROP TABLE blob_bringers;
