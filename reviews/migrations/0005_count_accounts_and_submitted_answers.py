"""The database also counts what was forgotten when the stamp was made, though figures that are kept are made of it:

- accounts that are opened or closed, or get their first password: nobody waits for somebody who cannot sign in;
- answers and marks that are changed after they were submitted. New ones come with their summary, which is counted, and
  those of drafts are left out as before;
- the codes of findings, on which it depends whether a paper left the study; likewise without new ones;
- the steps of the codebook.
"""

from django.db import migrations

COUNT = """
CREATE FUNCTION concord_count_change(changed bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    already text;
BEGIN
    -- Once in a transaction is enough: an import changes thousands of rows.
    already := pg_current_xact_id()::text || ' ' || changed;
    IF changed IS NOT NULL AND current_setting('concord.changed', true) IS DISTINCT FROM already THEN
        INSERT INTO reviews_stamp AS stamp (study, number) VALUES (changed, 1)
        ON CONFLICT (study) DO UPDATE SET number = stamp.number + 1;
        PERFORM set_config('concord.changed', already, true);
    END IF;
END $$;
"""

ACCOUNT = """
CREATE FUNCTION concord_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    -- In one order, so that two changes do not wait for one another.
    FOR changed IN SELECT DISTINCT study_id FROM mapping_membership WHERE user_id = NEW.id ORDER BY study_id LOOP
        PERFORM concord_count_change(changed);
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER account_changed AFTER UPDATE ON mapping_user DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (
    OLD.is_active IS DISTINCT FROM NEW.is_active
    OR (OLD.password LIKE '!%') IS DISTINCT FROM (NEW.password LIKE '!%')
)
EXECUTE FUNCTION concord_account_changed();
"""

ANSWER = """
CREATE FUNCTION concord_answer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
    one record;
BEGIN
    IF TG_OP = 'DELETE' THEN one := OLD; ELSE one := NEW; END IF;
    IF TG_TABLE_NAME = 'mapping_findingmark' THEN
        SELECT study_id INTO changed FROM mapping_finding JOIN mapping_paper ON mapping_paper.id = paper_id
        WHERE mapping_finding.id = one.finding_id;
    ELSIF TG_TABLE_NAME = 'reviews_mark' THEN
        SELECT study_id INTO changed FROM reviews_answer
        JOIN reviews_summary ON reviews_summary.id = summary_id
        JOIN reviews_assignment ON reviews_assignment.id = assignment_id
        JOIN reviews_round ON reviews_round.id = round_id
        WHERE reviews_answer.id = one.answer_id AND submitted_at IS NOT NULL;
    ELSE
        SELECT study_id INTO changed FROM reviews_summary
        JOIN reviews_assignment ON reviews_assignment.id = assignment_id
        JOIN reviews_round ON reviews_round.id = round_id
        WHERE reviews_summary.id = one.summary_id AND submitted_at IS NOT NULL;
    END IF;
    PERFORM concord_count_change(changed);
    RETURN NULL;
END $$;
"""

ANSWER_TRIGGER = """
CREATE CONSTRAINT TRIGGER answer_changed AFTER UPDATE OR DELETE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION concord_answer_changed();
"""
ANSWER_TABLES = ("reviews_answer", "reviews_mark", "mapping_findingmark")

# As for the other tables: see the migration that made the stamp.
CHANGE = """
CREATE CONSTRAINT TRIGGER study_changed AFTER INSERT OR UPDATE OR DELETE ON mapping_codebookchange
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION concord_study_changed('study_id');
"""

UNDO = """
DROP TRIGGER study_changed ON mapping_codebookchange;
DROP TRIGGER answer_changed ON mapping_findingmark;
DROP TRIGGER answer_changed ON reviews_mark;
DROP TRIGGER answer_changed ON reviews_answer;
DROP TRIGGER account_changed ON mapping_user;
DROP FUNCTION concord_answer_changed();
DROP FUNCTION concord_account_changed();
DROP FUNCTION concord_count_change(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mapping", "0003_tokens_end_password_mails_wait"),
        ("reviews", "0004_record_who_could_read_before"),
    ]

    operations = [
        migrations.RunSQL(
            [
                COUNT,
                ACCOUNT,
                ANSWER,
                *(ANSWER_TRIGGER.format(table=table) for table in ANSWER_TABLES),
                CHANGE,
            ],
            UNDO,
        )
    ]
