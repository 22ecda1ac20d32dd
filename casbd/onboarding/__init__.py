"""What a file is that casbd is not configured to follow: its first records, and a mapping to begin with."""
