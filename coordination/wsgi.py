"""The web process, for WSGI servers. It refuses to start half-configured."""

import os

from django.core.wsgi import get_wsgi_application

from coordination.core.checks import refuse_to_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
application = get_wsgi_application()
refuse_to_start()
