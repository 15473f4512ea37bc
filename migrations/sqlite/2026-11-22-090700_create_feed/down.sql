DROP TABLE audience_heads;
DROP TABLE feed;
