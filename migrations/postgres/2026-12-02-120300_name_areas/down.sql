DROP INDEX teams_by_code;
ALTER TABLE teams DROP COLUMN version;
ALTER TABLE teams DROP COLUMN lead_id;
ALTER TABLE teams DROP COLUMN code;
DROP INDEX grids_by_code;
ALTER TABLE grids DROP COLUMN version;
ALTER TABLE grids DROP COLUMN code;
