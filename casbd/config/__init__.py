"""`conf/*.yaml` to typed settings, with all that is wrong in it."""
