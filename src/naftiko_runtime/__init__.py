"""Serves capability documents over REST, MCP, Agent Skills and a control port."""
