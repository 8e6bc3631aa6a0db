"""Usedesk: its client, and the verbs that act there."""
