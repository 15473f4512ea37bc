DROP TABLE photo_near_misses;
