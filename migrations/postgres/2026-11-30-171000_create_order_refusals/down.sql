DROP TABLE order_refusals;
