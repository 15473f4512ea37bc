DROP TABLE org_storage;
