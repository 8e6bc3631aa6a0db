"""How gunicorn serves the sandbox: one process, which has its state. The bot's `gunicorn.conf.py` is not for it."""

from __future__ import annotations

import os

from sandbox.settings import SandboxSettings

bind = f"127.0.0.1:{SandboxSettings.from_env(os.environ).port}"
worker_class = "gthread"
workers = 1
threads = 16
keepalive = 75
graceful_timeout = 2
control_socket_disable = True
loglevel = "warning"
