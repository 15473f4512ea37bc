DROP TABLE assignments;
DROP TABLE visits;
DROP TABLE appointments;
DROP TABLE work_orders;
