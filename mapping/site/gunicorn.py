"""How gunicorn serves Concord, on one machine and on a team server; WEB_WORKERS and WEB_THREADS
size it.
"""

import os

wsgi_app = "mapping.wsgi"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "mapping.site.worker.WholeRequestWorker"
# Whether a proxy's word counts is for the application to say (BEHIND_PROXY), and no header sets a
# path of the server.
forwarded_allow_ips = ""
forwarder_headers = ""
timeout = 120  # an import of many thousand references, a bundle
graceful_timeout = 20
preload_app = False
accesslog = "-" if os.environ.get("ACCESS_LOG") else None
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "warning")
# Heartbeats on a disk would make a busy disk look like a hung worker.
MEMORY = "/dev/shm"  # noqa: S108
worker_tmp_dir = MEMORY if os.path.isdir(MEMORY) else None


def post_worker_init(worker):
    """What another process left unsent when it ended goes out now."""
    from mapping.people.password_mail import send_left_over

    send_left_over()
