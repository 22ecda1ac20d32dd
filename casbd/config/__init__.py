"""`casbd.yaml` to typed settings."""

from casbd.config.settings import InputSettings, PluginSettings, Settings, load, read

__all__ = ["InputSettings", "PluginSettings", "Settings", "load", "read"]
