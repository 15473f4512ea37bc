DROP TABLE absence_ends;
DROP TABLE absences;
