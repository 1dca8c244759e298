from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0028_absence_and_replies'),
    ]

    operations = [
        migrations.AlterField(
            model_name='enginemark',
            name='at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='時刻'),
        ),
        migrations.AddField(
            model_name='enginemark',
            name='failed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='うまくいかなかった時刻'),
        ),
        migrations.AddField(
            model_name='enginemark',
            name='error',
            field=models.CharField(blank=True, default='', max_length=80, verbose_name='うまくいかなかった理由'),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='letter',
            index=models.Index(
                condition=models.Q(('state', 'sent'), models.Q(('kind', 'care'), _negated=True)),
                fields=['sent_at'],
                name='letter_taken',
            ),
        ),
        migrations.AddIndex(
            model_name='letter',
            index=models.Index(
                condition=models.Q(
                    ('state__in', ['failed', 'unconfirmed']), models.Q(('kind', 'care'), _negated=True)
                ),
                fields=['updated_at'],
                name='letter_trouble',
            ),
        ),
    ]
