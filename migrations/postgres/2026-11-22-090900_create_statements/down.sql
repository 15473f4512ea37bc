DROP TABLE statements;
DROP FUNCTION statements_immutable();
