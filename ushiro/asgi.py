import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from ushiro.env import refuse_test_mode

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings")
refuse_test_mode(settings.MODE)
application = get_asgi_application()
