import json

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from mapping import access
from mapping.protocol.files import dump


@require_safe
def protocol(request, slug):
    """The template as a file, which starts another study."""
    membership = access.study_to_lead(request.user, slug)
    text = json.dumps(dump(membership.study), ensure_ascii=False, indent=2) + "\n"
    disposition = {"Content-Disposition": 'attachment; filename="protocol.json"'}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=disposition)
