DROP TABLE login_delays;
DROP TABLE user_roles;
DROP TABLE users;
DROP TABLE grids;
DROP TABLE teams;
