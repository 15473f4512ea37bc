DROP TABLE day_records;
DROP TABLE meeting_places;
