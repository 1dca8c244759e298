import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0049_trace_is_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='書いた時刻')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='変えた時刻')),
                ('reason', models.CharField(max_length=300, verbose_name='理由')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='解いた時刻')),
                ('lifted_reason', models.CharField(blank=True, max_length=300, verbose_name='解いた理由')),
            ],
            options={
                'verbose_name': '保全',
                'verbose_name_plural': '保全',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='RecordRead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField(verbose_name='いつ（1時間ごと）')),
                ('door', models.CharField(choices=[('page', 'ページ'), ('file', '添付ファイル'), ('export', '一覧の書き出し')], max_length=8, verbose_name='どこから')),
            ],
            options={
                'verbose_name': '読まれた記録',
                'verbose_name_plural': '読まれた記録',
                'ordering': ['-hour', '-id'],
            },
        ),
        migrations.CreateModel(
            name='RetentionRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='時刻')),
                ('applied', models.BooleanField(default=False, verbose_name='片づけた')),
                ('counts', models.JSONField(default=dict, verbose_name='件数')),
            ],
            options={
                'verbose_name': '保存期間の見回り',
                'verbose_name_plural': '保存期間の見回り',
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='letter',
            name='body_erased_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='本文を消した時刻'),
        ),
        migrations.AddField(
            model_name='letter',
            name='body_sha256',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name='organisation',
            name='retention',
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name='保存期間'),
        ),
        migrations.AddField(
            model_name='person',
            name='erased_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='消した時刻'),
        ),
        migrations.AddIndex(
            model_name='letter',
            index=models.Index(condition=models.Q(('body_erased_at__isnull', True)), fields=['created_at'], name='letter_body'),
        ),
        migrations.AddConstraint(
            model_name='letter',
            constraint=models.CheckConstraint(condition=models.Q(('body_erased_at__isnull', True), models.Q(('html', ''), ('text', ''), models.Q(('body_sha256', ''), _negated=True)), _connector='OR'), name='erased_body_leaves_its_hash'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='incident',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.incident', verbose_name='記録'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='人'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.team', verbose_name='チーム'),
        ),
        migrations.AddField(
            model_name='recordread',
            name='incident',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.incident', verbose_name='記録'),
        ),
        migrations.AddField(
            model_name='recordread',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='だれが'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('incident__isnull', True), ('person__isnull', True), ('team__isnull', False)), models.Q(('incident__isnull', False), ('person__isnull', True), ('team__isnull', True)), models.Q(('incident__isnull', True), ('person__isnull', False), ('team__isnull', True)), _connector='OR'), name='hold_names_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(('lifted_at__isnull', True), models.Q(('lifted_reason', ''), _negated=True), _connector='OR'), name='lifted_hold_has_reason'),
        ),
        migrations.AddIndex(
            model_name='recordread',
            index=models.Index(fields=['hour'], name='read_hour'),
        ),
        migrations.AddConstraint(
            model_name='recordread',
            constraint=models.UniqueConstraint(fields=('incident', 'person', 'door', 'hour'), name='one_read_an_hour'),
        ),
    ]
