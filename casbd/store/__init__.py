"""The state directory. The only package that speaks SQL to SQLite."""
