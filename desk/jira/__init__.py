"""Jira: its client, and the actions that act there."""
