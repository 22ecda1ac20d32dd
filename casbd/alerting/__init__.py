"""From matches to alerts: what a match raises, what is counted for repeated activity, and what is done to accounts."""
