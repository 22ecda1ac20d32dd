"""Who is told of alerts, when, and in which words."""
