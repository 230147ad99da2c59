"""The admin site's codebook shows no more than blindness allows: proposals tell what others
found.
"""

from django.contrib import admin

from mapping.models import Approach, Challenge, Code, CodebookChange, MaturityStage
from reviews.blindness.codes import may_know_change_in_admin, may_know_code_in_admin

for model in (Code, Challenge, Approach, MaturityStage):
    admin.site.get_model_admin(model).narrowed_by = (may_know_code_in_admin,)
admin.site.get_model_admin(CodebookChange).narrowed_by = (may_know_change_in_admin,)
