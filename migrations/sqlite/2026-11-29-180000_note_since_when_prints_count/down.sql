DROP INDEX photo_sightings_by_prints;
ALTER TABLE photo_sightings DROP COLUMN prints_seq;
