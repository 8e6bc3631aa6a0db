"""How gunicorn serves `app:create_app()`. The Procfile binds to the world, everything else to this machine."""

import multiprocessing
import os
import shutil
import tempfile

from gunicorn.glogging import Logger

from config.faults import ConfigError
from config.settings import Settings
from runtime import logs, memory
from runtime.serving import worker as serving
from runtime.serving.connection import Limits

logs.set_up(os.environ)
memory.use_few_arenas()
try:
    _settings = Settings.read()
except ConfigError:  # on_starting says what is wrong
    _settings = Settings.model_construct()
_sqlite = _settings.database_url.startswith("sqlite")


class _OurLogger(Logger):
    """Warnings go the way of all our logs."""

    def setup(self, cfg):
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def on_starting(server):
    """Say what is wrong once, not with each worker, and let none of them wait for another's migration."""
    check = multiprocessing.get_context("fork").Process(target=_check)  # what it takes of memory ends with it
    check.start()
    check.join()
    if check.exitcode:
        raise SystemExit(check.exitcode)


def _check():
    from app import GIVE_UP  # noqa: PLC0415 # only the server needs the whole of it, not whoever reads these settings
    from cli.starting import StartError, start  # noqa: PLC0415

    try:
        start(None).engine.dispose()
    except StartError as refused:
        refused.show()
        raise SystemExit(GIVE_UP) from None


bind = f"127.0.0.1:{_settings.port}"
worker_class = serving.worker_class(Limits.of(_settings))
keepalive = 95  # seconds; longer than proxies keep a connection that is idle, so that it is they who close it
threads = 24
workers = 1 if _sqlite else 2  # SQLite has one writer; a second process would only queue for it
timeout = 60  # seconds without a sign of life of the worker's own loop, not the length of a request
graceful_timeout = 30  # seconds for requests under way at SIGTERM
preload_app = False  # connections and threads are opened after the fork
control_socket_disable = True
accesslog = None  # the receivers log one line a call, without bodies
loglevel = "warning"
logger_class = _OurLogger
if workers > 1:
    # read by prometheus_client when the workers import it: /metrics adds up what all workers counted
    _counted = tempfile.mkdtemp(prefix="smezhnik-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counted

    def on_exit(server):
        """Leave nothing behind."""
        shutil.rmtree(_counted, ignore_errors=True)
