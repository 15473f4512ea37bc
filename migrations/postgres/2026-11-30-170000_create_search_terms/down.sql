DROP INDEX work_orders_by_site;
DROP TABLE search_terms;
