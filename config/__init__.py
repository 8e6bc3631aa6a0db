"""The configuration that an admin edits: the tables, the models that check them, and the faults found."""

from config.categories import Topic
from config.config import Config
from config.faults import ConfigError, Fault
from config.hold_categories import HoldCategory
from config.jira import Components
from config.loader import check, load
from config.reloader import ConfigReloader
from config.rules import Mode

__all__ = [
    "Components",
    "Config",
    "ConfigError",
    "ConfigReloader",
    "Fault",
    "HoldCategory",
    "Mode",
    "Topic",
    "check",
    "load",
]
