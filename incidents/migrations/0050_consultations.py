"""Consultations: sealed threads of two, and who may be chosen for one."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0040_mornings_have_an_index_of_their_own'),
    ]

    operations = [
        migrations.AlterField(
            model_name='letter',
            name='kind',
            field=models.CharField(choices=[('digest', '今日のお知らせ'), ('moment', '時刻のお知らせ'), ('account', 'サインインの手続き'), ('test', '送信テスト'), ('care', 'ひと息の便り'), ('handed_over', '引き継ぎ'), ('help', '手伝いのお願い'), ('not_mine', '担当の相談'), ('stand_in', '不在の間のお願い'), ('unreached', '届かない知らせ'), ('orphaned', '担当が離れた約束'), ('mirror_off', 'チャットに写せなくなったお知らせ'), ('untaken', '記録に入らなかったメールのお知らせ'), ('private', 'あなた宛てのお知らせ')], max_length=16, verbose_name='種類'),
        ),
        migrations.CreateModel(
            name='Adviser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.CharField(blank=True, max_length=160, verbose_name='どんな相談を受けるか')),
                ('place', models.PositiveSmallIntegerField(default=0, verbose_name='並び')),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='人')),
            ],
            options={
                'verbose_name': '相談を受ける人',
                'verbose_name_plural': '相談を受ける人',
                'ordering': ['place', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Consultation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('author_sealed', models.BinaryField()),
                ('author_mark', models.CharField(max_length=64)),
                ('sealed_with', models.CharField(db_index=True, max_length=8)),
                ('named', models.BooleanField()),
                ('opened_on', models.DateField()),
                ('reply_due_on', models.DateField(null=True)),
                ('reply_version', models.PositiveIntegerField(default=0)),
                ('closed_on', models.DateField(null=True)),
                ('adviser', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '相談',
                'verbose_name_plural': '相談',
                'ordering': ['-opened_on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ConsultationGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_on', models.DateField()),
                ('until_on', models.DateField(null=True)),
                ('mark', models.CharField(max_length=64)),
                ('sealed_with', models.CharField(db_index=True, max_length=8)),
                ('adviser', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='incidents.consultation')),
            ],
            options={
                'verbose_name': '相談を読める人',
                'verbose_name_plural': '相談を読める人',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ConsultationNote',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('place', models.PositiveIntegerField()),
                ('body_sealed', models.BinaryField()),
                ('sealed_with', models.CharField(db_index=True, max_length=8)),
                ('written_on', models.DateField()),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='incidents.consultation')),
                ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.consultationgrant')),
            ],
            options={
                'verbose_name': '相談の文章',
                'verbose_name_plural': '相談の文章',
                'ordering': ['place'],
            },
        ),
        migrations.CreateModel(
            name='ConsultationReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(max_length=8)),
                ('version', models.PositiveIntegerField()),
                ('planned_on', models.DateField()),
                ('told_on', models.DateField(null=True)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='incidents.consultation')),
            ],
            options={
                'verbose_name': '相談の返事のお知らせ',
                'verbose_name_plural': '相談の返事のお知らせ',
                'ordering': ['planned_on', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='consultation',
            constraint=models.CheckConstraint(condition=models.Q(('closed_on', None), ('reply_due_on', None), _connector='OR'), name='closed_consultation_awaits_nothing'),
        ),
        migrations.AddConstraint(
            model_name='consultationgrant',
            constraint=models.UniqueConstraint(condition=models.Q(('until_on', None)), fields=('consultation',), name='one_reader_of_a_consultation'),
        ),
        migrations.AddConstraint(
            model_name='consultationgrant',
            constraint=models.CheckConstraint(condition=models.Q(('until_on', None), ('until_on__gte', models.F('from_on')), _connector='OR'), name='grant_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='consultationnote',
            constraint=models.UniqueConstraint(fields=('consultation', 'place'), name='one_note_a_place'),
        ),
        migrations.AddIndex(
            model_name='consultationreminder',
            index=models.Index(condition=models.Q(('told_on', None)), fields=['planned_on'], name='consultation_due'),
        ),
        migrations.AddConstraint(
            model_name='consultationreminder',
            constraint=models.UniqueConstraint(fields=('consultation', 'version', 'step'), name='adviser_told_once_a_step'),
        ),
    ]
