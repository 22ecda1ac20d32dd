"""Life as a service: boot, reload, signals, systemd, periodic jobs, counters."""
