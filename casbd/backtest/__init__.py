"""What policies would have raised, of activities that are there."""
