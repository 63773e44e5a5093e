-- Messages get words for wider spans of ids: the index of words is filled anew.
TRUNCATE search;
UPDATE filled SET reached = 0 WHERE name = 'search';
