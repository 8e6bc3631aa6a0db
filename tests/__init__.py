"""The tests. Imported before all else of them: no zone is read from the host."""

from config import zones

zones.pin()
