"""How things come in: paths into records, times, addresses, reading CEF."""
