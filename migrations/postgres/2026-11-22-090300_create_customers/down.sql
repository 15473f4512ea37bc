DROP TABLE sites;
DROP TABLE customer_phones;
DROP TABLE customers;
