import os

from django.core.wsgi import get_wsgi_application

from mapping.site.head_requests import HeadRequests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mapping.settings")
application = HeadRequests(get_wsgi_application())
