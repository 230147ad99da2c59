from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from mapping.site.database_away import RETRY_AFTER, is_away


@login_not_required
@require_safe
def healthz(request):
    """For load balancers: 200 where this process reaches its database, else 503 and why."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        if not is_away(error):
            raise
        reply = HttpResponse("the database is away\n", content_type="text/plain", status=503)
        reply["Retry-After"] = RETRY_AFTER
        return reply
    return HttpResponse("ok\n", content_type="text/plain")
