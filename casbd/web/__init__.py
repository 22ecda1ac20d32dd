"""Others' HTTP APIs, as connectors and outputs speak to them: requests, tokens, and what answers mean."""
