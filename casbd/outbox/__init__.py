"""From the store to the destinations: one worker each, with backoff."""
