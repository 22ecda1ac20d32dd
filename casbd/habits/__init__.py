"""What is usual of a subject, and what is not: the memory of anomaly policies, in event time."""
