-- Statistics of columns are PostgreSQL's: SQLite gathers those of indexes alone.
SELECT 1;
