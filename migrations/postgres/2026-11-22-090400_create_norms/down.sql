DROP TABLE calendars;
DROP TABLE policies;
DROP TABLE templates;
DROP FUNCTION templates_immutable();
DROP FUNCTION policies_immutable();
