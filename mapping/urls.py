"""Every address that needs no reviewer; `reviews.urls` has the others.

The last word of an address names its view, its template and its test.
"""

from django.contrib import admin
from django.urls import include, path, register_converter

from mapping.papers.keys import KeyConverter
from mapping.papers.views import import_papers, paper_form, pdf
from mapping.people.views import account, invitation, password, team
from mapping.protocol.views import new, protocol
from mapping.site import health

register_converter(KeyConverter, "key")

study_pages = [
    # Papers
    path("papers/add/", paper_form.add_paper, name="add-paper"),
    path("papers/import/", import_papers.import_papers, name="import-papers"),
    path("papers/import/<int:import_id>/", import_papers.paper_import, name="paper-import"),
    path(
        "papers/import/<int:import_id>/choose/", import_papers.choose_entries, name="choose-entries"
    ),
    path("papers/import/<int:import_id>/undo/", import_papers.undo_import, name="undo-import"),
    path("papers/<key:key>/edit/", paper_form.edit_paper, name="edit-paper"),
    path("papers/<key:key>/delete/", paper_form.delete_paper, name="delete-paper"),
    path("papers/<key:key>/pdf/", pdf.pdf, name="pdf"),
    path("papers/<key:key>/pdf/upload/", pdf.upload_pdf, name="upload-pdf"),
    path("papers/<key:key>/pdf/remove/", pdf.remove_pdf, name="remove-pdf"),
    # Template and codebook
    path("protocol.json", protocol.protocol, name="protocol"),
    # Team and rounds
    path("team/", team.team, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/invitations/<int:invitation>/revoke/", team.revoke, name="revoke-invitation"),
    path("team/invitations/<int:invitation>/renew/", team.renew, name="renew-invitation"),
    path("team/<int:member>/reactivate/", team.reactivate, name="reactivate"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-out/", account.SignOut.as_view(), name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/password/", password.Change.as_view(), name="password-change"),
    path("password-reset/", password.Reset.as_view(), name="password-reset"),
    path("password-reset/sent/", password.Sent.as_view(), name="password-reset-sent"),
    path(
        "password-reset/<uidb64>/<token>/", password.Choose.as_view(), name="password-reset-choose"
    ),
    path("invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("studies/new/", new.new, name="new-study"),
    path("s/<slug:slug>/", include(study_pages)),
    path("", include("reviews.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "mapping.site.refusals.bad_request"
handler500 = "mapping.site.refusals.server_error"
