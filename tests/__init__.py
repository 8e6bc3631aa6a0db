"""The tests. Imported before all else of them: no zone is read from the host, and no `.env` of a developer."""

import os

from config import zones

zones.pin()
os.environ |= {"PYTHON_DOTENV_DISABLED": "1", "FLASK_SKIP_DOTENV": "1"}
