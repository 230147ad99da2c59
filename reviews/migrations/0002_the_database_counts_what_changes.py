"""A number per study that grows with every commit that changes something figures of the whole study are made of.

Triggers, because nothing else sees every way in: acts, the admin site, `QuerySet.update`, a hand in psql. Deferred to the
commit, so that two people who work in one study wait for one another for that moment alone, and whoever reads the new
number reads what it stands for. Drafts are left out: whoever types saves every few seconds.
"""

from django.db import migrations, models

# How each table leads to its study.
TABLES = {
    "mapping_study": "id",
    "mapping_membership": "study_id",
    "mapping_phase": "study_id",
    "mapping_section": "study_id",
    "mapping_code": "section_id",
    "mapping_paper": "study_id",
    "mapping_finding": "paper_id",
    "mapping_logentry": "study_id",
    "reviews_round": "study_id",
    "reviews_assignment": "round_id",
    "reviews_recodingtask": "assignment_id",
    "reviews_earlylook": "paper_id",
    "reviews_resolution": "paper_id",
    "reviews_deferral": "paper_id",
    "reviews_remark": "paper_id",
}

FUNCTION = """
CREATE FUNCTION concord_study_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
    already text;
    one record;
BEGIN
    IF TG_OP = 'DELETE' THEN one := OLD; ELSE one := NEW; END IF;
    IF TG_ARGV[0] = 'id' THEN
        changed := one.id;
    ELSIF TG_ARGV[0] = 'study_id' THEN
        changed := one.study_id;
    ELSIF TG_ARGV[0] = 'section_id' THEN
        SELECT study_id INTO changed FROM mapping_section WHERE id = one.section_id;
    ELSIF TG_ARGV[0] = 'paper_id' THEN
        SELECT study_id INTO changed FROM mapping_paper WHERE id = one.paper_id;
    ELSIF TG_ARGV[0] = 'round_id' THEN
        SELECT study_id INTO changed FROM reviews_round WHERE id = one.round_id;
    ELSE
        SELECT study_id INTO changed FROM reviews_assignment JOIN reviews_round ON reviews_round.id = round_id
        WHERE reviews_assignment.id = one.assignment_id;
    END IF;
    -- Once in a transaction is enough: an import changes thousands of rows.
    already := pg_current_xact_id()::text || ' ' || changed;
    IF changed IS NOT NULL AND current_setting('concord.changed', true) IS DISTINCT FROM already THEN
        INSERT INTO reviews_stamp AS stamp (study, number) VALUES (changed, 1)
        ON CONFLICT (study) DO UPDATE SET number = stamp.number + 1;
        PERFORM set_config('concord.changed', already, true);
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGER = """
CREATE CONSTRAINT TRIGGER study_changed AFTER {when} ON {table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW {only} EXECUTE FUNCTION concord_study_changed('{way}');
"""


def triggers():
    for table, way in TABLES.items():
        yield TRIGGER.format(when="INSERT OR UPDATE OR DELETE", table=table, only="", way=way)
    summary = {"table": "reviews_summary", "way": "assignment_id"}
    yield TRIGGER.format(when="INSERT OR DELETE", only="", **summary)
    submitted = TRIGGER.replace("study_changed AFTER", "study_submitted AFTER")
    yield submitted.format(
        when="UPDATE", only="WHEN (OLD.submitted_at IS DISTINCT FROM NEW.submitted_at)", **summary
    )


def undoing():
    yield from (f"DROP TRIGGER study_changed ON {table};" for table in [*TABLES, "reviews_summary"])
    yield "DROP TRIGGER study_submitted ON reviews_summary;"
    yield "DROP FUNCTION concord_study_changed();"


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_the_people_reading"), ("mapping", "0001_the_study")]

    operations = [
        migrations.CreateModel(
            name="Stamp",
            fields=[
                (
                    "study",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="the study's id"
                    ),
                ),
                ("number", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL([FUNCTION, *triggers()], list(undoing())),
    ]
