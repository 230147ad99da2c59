"""What a code is called in JSON that is kept and in files: its number in its study. A mark of a finding has a uid likewise.

Codes that are there already are numbered in the order in which they were made, as files of before numbered them.
"""

from django.db import migrations, models

import mapping.models.fields

# Rounds have such a number too: see the migration of `reviews`.
FUNCTION = """
CREATE FUNCTION concord_next_number(of_study bigint, series text, wanted integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    given integer;
BEGIN
    -- A study that comes in brings its numbers with it.
    INSERT INTO mapping_lastnumber AS last (study, "of", number) VALUES (of_study, series, GREATEST(wanted, 1))
    ON CONFLICT (study, "of") DO UPDATE
    SET number = CASE WHEN wanted > 0 THEN GREATEST(last.number, wanted) ELSE last.number + 1 END
    RETURNING number INTO given;
    RETURN CASE WHEN wanted > 0 THEN wanted ELSE given END;
END $$;
CREATE FUNCTION concord_number_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.number := concord_next_number(
        (SELECT study_id FROM mapping_section WHERE id = NEW.section_id), 'code', NEW.number
    );
    RETURN NEW;
END $$;
"""

FILL = """
UPDATE mapping_code SET number = ranked.number FROM (
    SELECT code.id, row_number() OVER (PARTITION BY study_id ORDER BY code.id) AS number
    FROM mapping_code AS code JOIN mapping_section AS section ON section.id = section_id
) AS ranked WHERE ranked.id = mapping_code.id;
INSERT INTO mapping_lastnumber (study, "of", number)
SELECT study_id, 'code', max(code.number) FROM mapping_code AS code
JOIN mapping_section AS section ON section.id = section_id GROUP BY study_id;
-- No trigger is added to a table whose deferred triggers still wait.
SET CONSTRAINTS ALL IMMEDIATE;
"""

TRIGGER = """
CREATE TRIGGER number_code BEFORE INSERT ON mapping_code FOR EACH ROW EXECUTE FUNCTION concord_number_code();
"""

UNDO = """
DROP TRIGGER number_code ON mapping_code;
DROP FUNCTION concord_number_code();
DROP FUNCTION concord_next_number(bigint, text, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("mapping", "0003_tokens_end_password_mails_wait")]

    operations = [
        migrations.AddField("code", "number", mapping.models.fields.NumberField()),
        migrations.AddField("findingmark", "uid", mapping.models.fields.UidField()),
        migrations.CreateModel(
            name="LastNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("study", models.BigIntegerField(verbose_name="the study's id")),
                ("of", models.CharField(max_length=10)),
                ("number", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("study", "of"), name="one_last_number_per_series"
                    )
                ],
            },
        ),
        migrations.RunSQL([FUNCTION, FILL, TRIGGER], UNDO),
    ]
