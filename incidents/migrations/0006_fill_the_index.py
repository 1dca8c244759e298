"""Writes the index of the records that were there before it. What it searches is frozen here, as it was then."""

from django.db import migrations
from django.db.models import Min
from django.db.models.functions import Left

from tools.plain.bigrams import fold, grams, token

BATCH = 500
OWN = ("title", "body", "counterparty", "process", "who_waits", "end_reason")
PARTS = (
    ("TimelineEntry", "text"),
    ("Why", "text"),
    ("Why", "evidence"),
    ("Countermeasure", "title"),
    ("Countermeasure", "before"),
    ("Countermeasure", "after"),
    ("Countermeasure", "done_note"),
)


def fill(apps, schema_editor):
    model = lambda name: apps.get_model("incidents", name)  # noqa: E731
    incidents, index, last = model("Incident").objects, model("IncidentIndex").objects, 0
    while found := list(
        incidents.filter(pk__gt=last).order_by("pk").values_list("pk", "number", "team_id", *OWN)[:BATCH]
    ):
        last, ids = found[-1][0], [row[0] for row in found]
        texts = {pk: [f"K-{number}", *own] for pk, number, _team, *own in found}
        for name, field in PARTS:
            parts = model(name).objects.filter(incident_id__in=ids).order_by("pk")
            for pk, text in parts.values_list("incident_id", Left(field, 60_000)):
                texts[pk].append(text)
        due = dict(
            model("FollowUp").objects.filter(incident_id__in=ids, state="open")
            .order_by()
            .values_list("incident_id")
            .annotate(Min("due_on"))
        )
        folded = {pk: fold("\n".join(text))[:200_000] for pk, text in texts.items()}
        index.bulk_create(
            model("IncidentIndex")(
                incident_id=pk, team_id=team, text=folded[pk], **({"next_due_on": due[pk]} if pk in due else {})
            )
            for pk, _number, team, *_own in found
        )
        write(schema_editor.connection, folded)


def write(connection, folded):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.executemany(
                "UPDATE incidents_incidentindex SET grams = %s::int[] WHERE incident_id = %s",
                [(sorted(grams(text)), pk) for pk, text in folded.items()],
            )
        else:
            cursor.executemany(
                "INSERT INTO incidents_incidentgrams(rowid, grams) VALUES (%s, %s)",
                [(pk, " ".join(map(token, sorted(grams(text))))) for pk, text in folded.items()],
            )


class Migration(migrations.Migration):

    dependencies = [
        ("incidents", "0005_index_of_incidents"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
