DROP TABLE grid_teams;
