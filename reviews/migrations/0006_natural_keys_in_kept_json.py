"""JSON that is kept names things by keys that mean the same everywhere: a code and a round by its number in the study, a
section by its key, a person by their user name, an answer or a mark by its uid, a decision or a remark by its moment.

Before, there stood primary keys, which a bundle had to translate.
"""

from django.conf import settings
from django.db import migrations, models

import mapping.models.fields
from reviews.exchange.bundle.format_one import bring_up_to_date

NUMBER_ROUNDS = """
UPDATE reviews_round SET number = ranked.number FROM (
    SELECT id, row_number() OVER (PARTITION BY study_id ORDER BY id) AS number FROM reviews_round
) AS ranked WHERE ranked.id = reviews_round.id;
INSERT INTO mapping_lastnumber (study, "of", number)
SELECT study_id, 'round', max(number) FROM reviews_round GROUP BY study_id;
-- No trigger is added to a table whose deferred triggers still wait.
SET CONSTRAINTS ALL IMMEDIATE;
"""

TRIGGER = """
CREATE FUNCTION concord_number_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.number := concord_next_number(NEW.study_id, 'round', NEW.number);
    RETURN NEW;
END $$;
CREATE TRIGGER number_round BEFORE INSERT ON reviews_round FOR EACH ROW EXECUTE FUNCTION concord_number_round();
"""

# Whoever gets another user name is called so in what was kept of them. Lines of the log that came in with a bundle keep
# the names of there: what `renamed` of the import says is who they are here.
RENAME = """
CREATE FUNCTION concord_with_key(kept jsonb, name text, former text, now text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_set(kept, ARRAY[name], (kept -> name) - former || jsonb_build_object(now, kept -> name -> former));
$$;
CREATE FUNCTION concord_renamed(renamed jsonb, former text, now text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT renamed || CASE
        WHEN EXISTS (SELECT FROM jsonb_each_text(renamed) WHERE value = former)
        THEN (SELECT jsonb_object_agg(key, now) FROM jsonb_each_text(renamed) WHERE value = former)
        WHEN renamed ? former THEN '{}'
        ELSE jsonb_build_object(former, now)
    END;
$$;
CREATE FUNCTION concord_user_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    called text;
BEGIN
    UPDATE reviews_resolution SET content = concord_with_key(content, 'said', OLD.username, NEW.username)
    WHERE content -> 'said' ? OLD.username;
    UPDATE mapping_logentry SET facts = concord_with_key(facts, 'loads', OLD.username, NEW.username)
    WHERE facts -> 'loads' ? OLD.username;
    FOREACH called IN ARRAY ARRAY['user', 'reviewer', 'lead'] LOOP
        UPDATE mapping_logentry AS line SET facts = jsonb_set(facts, ARRAY[called], to_jsonb(NEW.username::text))
        WHERE facts ->> called = OLD.username AND NOT EXISTS (
            SELECT FROM mapping_logentry AS import
            WHERE import.study_id = line.study_id AND import.act = 'import-study' AND import.at > line.at
        );
    END LOOP;
    UPDATE mapping_logentry
    SET facts = jsonb_set(facts, '{renamed}', concord_renamed(facts -> 'renamed', OLD.username, NEW.username))
    WHERE act = 'import-study' AND facts ? 'renamed'
    AND study_id IN (SELECT study_id FROM mapping_membership WHERE user_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER user_renamed AFTER UPDATE OF username ON mapping_user FOR EACH ROW
WHEN (OLD.username IS DISTINCT FROM NEW.username) EXECUTE FUNCTION concord_user_renamed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mapping", "0004_numbers_that_travel"),
        ("reviews", "0005_count_accounts_and_submitted_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("answer", "uid", mapping.models.fields.UidField()),
        migrations.AddField("assignment", "uid", mapping.models.fields.UidField()),
        migrations.AddField("mark", "uid", mapping.models.fields.UidField()),
        migrations.AddField("recodingtask", "uid", mapping.models.fields.UidField()),
        migrations.AddField("round", "number", mapping.models.fields.NumberField()),
        migrations.RunSQL(NUMBER_ROUNDS),
        migrations.AddConstraint(
            "round",
            models.UniqueConstraint(fields=("study", "number"), name="one_round_per_number"),
        ),
        migrations.RunSQL([TRIGGER, RENAME]),
        # There is no way back: code of before would take the numbers for primary keys.
        migrations.RunPython(bring_up_to_date),
    ]
