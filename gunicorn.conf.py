"""Gunicorn's own file name and place: `gunicorn ushiro.wsgi` reads it without being told.

The settings are imported in the parent: a refused one then ends the whole server with its sentence and
code 78, where a worker's end would only make gunicorn start the next worker, for ever.
"""

import os

import ushiro.settings
from ushiro.env import refuse_test_mode

refuse_test_mode(ushiro.settings.MODE)

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_SECONDS", "20"))
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
# No access log: addresses of one-purpose links are secrets, and the proxy in front keeps one already.
accesslog = None
errorlog = "-"
