DROP TABLE visit_statements;
