"""What an analyst wants to know of an alert to decide what it is: read from the store and the activity log, and written nowhere."""
