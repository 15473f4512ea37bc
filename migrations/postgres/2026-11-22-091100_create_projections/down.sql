DROP TABLE visit_events;
DROP TABLE visit_answers;
DROP TABLE visit_readings;
DROP TABLE visit_photos;
