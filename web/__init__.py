"""Pages for people, JSON for programs, health for machines."""
