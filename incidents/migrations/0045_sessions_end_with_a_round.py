from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0044_invitations")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="sign_in_round",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
