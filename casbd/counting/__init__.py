"""Runs of activities in event time: repeated ones, sequences, windows, and whose they are."""
