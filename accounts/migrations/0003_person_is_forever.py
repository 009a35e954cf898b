"""The human behind an account never changes: two slots could be filled by one person otherwise."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION public.accounts_guard_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.person_id IS DISTINCT FROM OLD.person_id THEN
        RAISE EXCEPTION 'CS090 the person of an account never changes' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_guard_person BEFORE UPDATE ON public.accounts_user
    FOR EACH ROW EXECUTE FUNCTION public.accounts_guard_person();
"""
REVERSE = """
DROP TRIGGER accounts_guard_person ON public.accounts_user;
DROP FUNCTION public.accounts_guard_person();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_agentwebhooksecret")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
