-- Looking once more changes nothing.
SELECT 1;
