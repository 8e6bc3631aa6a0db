"""Survey a Jira and propose the tables for it, for `flask setup` and the page `/setup`."""
