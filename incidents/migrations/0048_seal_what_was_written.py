"""The entries written so far are sealed, oldest first, in batches that each stand by themselves.

Broken off, it goes on at its next run where it was. Backwards the seals go, and the entries stay as they are.
"""

from django.db import migrations, transaction

from incidents.queries.seal import signing_key
from incidents.rules.seal import HASHED, SAID, chain_of, commitment

BATCH = 2_000
# 122 random bits for each row of the batch, made by the database itself: one statement instead of two thousand.
SALTS = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "replace(gen_random_uuid()::text, '-', '')",
}


def seal(apps, schema_editor):
    while seal_batch(apps, schema_editor.connection):
        pass


def seal_batch(apps, connection):
    """Seal the oldest entries without a seal. Returns how many there were."""
    entries, seals, heads = (apps.get_model("incidents", name) for name in ("AuditEntry", "AuditSeal", "AuditChain"))
    with transaction.atomic(using=connection.alias):
        pks = list(entries.objects.filter(seal__isnull=True).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not pks:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE incidents_auditentry SET salt = {SALTS[connection.vendor]} "  # noqa: S608  words of this file
                "WHERE salt = '' AND id BETWEEN %s AND %s",
                [pks[0], pks[-1]],
            )
        wanted = entries.objects.filter(pk__in=pks).order_by("pk")
        # Rows are read as the database keeps them, as every later look at them does.
        rows = list(wanted.values_list("team_id", *HASHED, *SAID, "salt"))
        known = {head.pk: head for head in heads.objects.select_for_update().all()}
        key, made = signing_key(), []
        for team_id, *row in rows:
            chain = chain_of(team_id)
            head = known.setdefault(chain, heads(chain=chain))
            hashed, said, salt = row[: len(HASHED)], row[len(HASHED) : -1], row[-1]
            committed, before = commitment(salt, said), head.hash
            head.seq += 1
            head.hash = key.seal(chain, head.seq, before, hashed, committed)
            made.append(
                seals(
                    entry_id=hashed[0],
                    chain=chain,
                    seq=head.seq,
                    prev_hash=before,
                    commitment=committed,
                    key_id=key.id,
                    hash=head.hash,
                )
            )
        seals.objects.bulk_create(made, batch_size=500)
        for head in known.values():
            head.save()
    return len(pks)


def unseal(apps, schema_editor):
    apps.get_model("incidents", "AuditSeal").objects.all().delete()
    apps.get_model("incidents", "AuditChain").objects.all().delete()


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("incidents", "0047_chain_of_the_trace")]
    operations = [migrations.RunPython(seal, unseal)]
