DROP TABLE calendars;
DROP TABLE policies;
DROP TABLE templates;
