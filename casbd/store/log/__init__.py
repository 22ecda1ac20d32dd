"""The activity log: blocks that wait in SQLite, and the Parquet segments that they become."""
