"""The read side of the activity log."""
