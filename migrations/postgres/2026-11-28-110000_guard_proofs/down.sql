-- With the function go its triggers.
DROP FUNCTION refuse_change() CASCADE;
