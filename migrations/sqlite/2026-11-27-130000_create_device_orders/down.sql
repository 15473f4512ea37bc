DROP TABLE device_marks;
DROP INDEX doc_actors_by_device;
ALTER TABLE devices DROP COLUMN unsent_visits;
ALTER TABLE devices DROP COLUMN order_id;
DROP TABLE device_orders;
