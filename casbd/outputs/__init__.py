"""Destinations for alerts and activities, one file each."""
