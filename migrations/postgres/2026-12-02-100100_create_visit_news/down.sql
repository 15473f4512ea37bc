DROP TABLE visit_news;
