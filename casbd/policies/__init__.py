"""Rule files: loading with all mistakes, filters, matching, repeated activity."""
