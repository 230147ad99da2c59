"""Import and export of tables in the admin site, around django-import-export."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from import_export.admin import ImportExportMixin
from import_export.forms import ExportForm

from mapping.admin.formats import Csv, TooLong, Workbook
from mapping.parsers.records import UnreadableFile


class TableAdmin(ImportExportMixin):
    """CSV and workbooks in and out: previewed, then written as a whole or not at all."""

    import_formats = export_formats = [Csv, Workbook]
    import_template_name = "admin/import-table.html"
    # The form with a tick per column works by inline script, which the content security policy
    # refuses.
    export_form_class = ExportForm

    def has_import_permission(self, request):
        return self.has_change_permission(request)

    def has_export_permission(self, request):
        return self.has_view_permission(request)

    def get_import_data_kwargs(self, **kwargs):
        # Between preview and confirmation somebody may have changed what a row rests on.
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def export_action(self, request):
        try:
            return super().export_action(request)
        except TooLong as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def import_action(self, request, **kwargs):
        reply = super().import_action(request, **kwargs)
        if request.method == "POST" and "confirm_form" not in reply.context_data:
            reply.status_code = 422
            self.forget_file(reply.context_data["form"])
        return reply

    def forget_file(self, form):
        upload = form.files.get("import_file")
        if name := getattr(upload, "tmp_storage_name", None):
            self.get_tmp_storage_class()(name=name).remove()

    def add_data_read_fail_error_to_form(self, form, e):
        reason = str(e) if isinstance(e, UnreadableFile) else "it could not be read as a table"
        form.add_error("import_file", f"Nothing was imported: {reason.strip(': ')}.")

    def process_result(self, result, request):
        if result.has_errors() or result.has_validation_errors():
            messages.error(
                request,
                (
                    "Something changed after the preview, so nothing was written. Import the file "
                    "again."
                ),
            )
            return HttpResponseRedirect(request.path.replace("process_import", "import"))
        return super().process_result(result, request)
