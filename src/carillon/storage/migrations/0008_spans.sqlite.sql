-- Only PostgreSQL's index of words knows spans of ids.
SELECT 1;
