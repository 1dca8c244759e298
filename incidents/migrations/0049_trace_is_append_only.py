"""The database itself refuses to change or take away what is sealed, whoever asks.

The one change let through is an erasure: only what was said, and only when an entry of the same chain, written before,
tells of it (domain/redaction.py). An entry may still be changed in the transaction that writes it, before it is sealed.
"""

from django.db import migrations

HASHED = ("id", "at", "verb", "target_type", "target_id", "team_id", "incident_id")

# What must hold for an UPDATE of a sealed entry. {same}: "is not distinct from" of the database.
ERASURE = (
    " AND ".join(f"NEW.{name} {{same}} OLD.{name}" for name in HASHED)
    + " AND NEW.salt <> OLD.salt AND NEW.erasure > COALESCE(OLD.erasure, 0)"
    + " AND EXISTS (SELECT 1 FROM incidents_auditentry e JOIN incidents_auditseal s ON s.entry_id = e.id"
    + " WHERE e.verb = 'audit.erased' AND s.chain = COALESCE(OLD.team_id, 0) AND s.seq = NEW.erasure)"
)
SEALED = "EXISTS (SELECT 1 FROM incidents_auditseal s WHERE s.entry_id = OLD.id)"
REFUSED = "the audit trail is append-only"
# A head only ever goes on.
ONWARD = "NEW.chain = OLD.chain AND NEW.seq > OLD.seq"


def _sqlite(name, event, table, when=""):
    when = f"WHEN {when} " if when else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}"
        f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
    )


SQLITE = {
    "audit_entry_kept": _sqlite(
        "audit_entry_kept",
        "UPDATE",
        "incidents_auditentry",
        f"{SEALED} AND COALESCE({ERASURE.format(same='IS')}, 0) = 0",
    ),
    "audit_entry_stays": _sqlite("audit_entry_stays", "DELETE", "incidents_auditentry"),
    "audit_seal_kept": _sqlite("audit_seal_kept", "UPDATE", "incidents_auditseal"),
    "audit_seal_stays": _sqlite("audit_seal_stays", "DELETE", "incidents_auditseal"),
    "audit_head_onward": _sqlite("audit_head_onward", "UPDATE", "incidents_auditchain", f"NOT ({ONWARD})"),
    "audit_head_stays": _sqlite("audit_head_stays", "DELETE", "incidents_auditchain"),
}

POSTGRESQL = [
    f"""
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{REFUSED}';
    END $$
    """,
    f"""
    CREATE FUNCTION audit_entry_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF {SEALED} AND ({ERASURE.format(same="IS NOT DISTINCT FROM")}) IS NOT TRUE THEN
            RAISE EXCEPTION '{REFUSED}';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER audit_entry_kept BEFORE UPDATE ON incidents_auditentry FOR EACH ROW EXECUTE FUNCTION audit_entry_kept()",
    "CREATE TRIGGER audit_entry_stays BEFORE DELETE ON incidents_auditentry FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_seal_kept BEFORE UPDATE OR DELETE ON incidents_auditseal FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    f"CREATE TRIGGER audit_head_onward BEFORE UPDATE ON incidents_auditchain FOR EACH ROW WHEN (NOT ({ONWARD})) EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_head_stays BEFORE DELETE ON incidents_auditchain FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    *(
        f"CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        for table in ("incidents_auditentry", "incidents_auditseal", "incidents_auditchain")
    ),
]
TABLES = {
    "audit_entry_kept": "incidents_auditentry",
    "audit_entry_stays": "incidents_auditentry",
    "audit_seal_kept": "incidents_auditseal",
    "audit_head_onward": "incidents_auditchain",
    "audit_head_stays": "incidents_auditchain",
}


def guard(apps, schema_editor):
    schema_editor.connection.check_constraints()
    for statement in SQLITE.values() if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def let_go(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE:
            schema_editor.execute(f"DROP TRIGGER {name}", params=None)
        return
    for name, table in TABLES.items():
        schema_editor.execute(f"DROP TRIGGER {name} ON {table}", params=None)
    for table in sorted(set(TABLES.values())):
        schema_editor.execute(f"DROP TRIGGER audit_not_emptied ON {table}", params=None)
    schema_editor.execute("DROP FUNCTION audit_entry_kept()", params=None)
    schema_editor.execute("DROP FUNCTION audit_refuse()", params=None)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0048_seal_what_was_written")]
    operations = [migrations.RunPython(guard, let_go)]
