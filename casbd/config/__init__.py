"""conf/*.yaml to typed settings."""
