"""The web process, for ASGI servers. It refuses to start half-configured."""

import os

from django.core.asgi import get_asgi_application

from coordination.core.checks import refuse_to_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
application = get_asgi_application()
refuse_to_start()
