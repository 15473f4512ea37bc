DROP TABLE order_holds;
DROP TABLE outages;
