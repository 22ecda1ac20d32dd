"""Enrichers, one file each: they add to an activity what can be looked up."""
