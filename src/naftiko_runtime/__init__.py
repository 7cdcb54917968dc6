"""Serves capability documents over REST, MCP, Agent Skills and a control port."""

__version__ = "0.1.0"
