DROP TABLE findings;
DROP TABLE photo_sightings;
DROP TABLE photo_checks;
