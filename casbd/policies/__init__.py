"""Rule files: loading with all mistakes, matching, explaining, and their own tests."""
