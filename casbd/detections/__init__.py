"""Anomaly detections, one file each."""
