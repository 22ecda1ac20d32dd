"""One tree of conditions; from it come the predicate for the stream, the SQL for searches, and the words for people."""
