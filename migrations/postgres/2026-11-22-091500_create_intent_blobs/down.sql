DROP TABLE intent_blobs;
