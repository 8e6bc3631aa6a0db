"""The team lead's pages and files."""
