"""What a file is that nobody has told casbd of: its first records, and a mapping to begin with."""
