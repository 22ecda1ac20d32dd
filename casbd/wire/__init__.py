"""Byte formats as pure functions: CEF, syslog headers, framing."""
