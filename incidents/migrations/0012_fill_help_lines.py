"""Enters the places to talk that B-11 names. None is marked as checked: that an administrator does, on the official page."""

from django.db import migrations

# kind, name, English name, what it is, telephone, address, hours
LINES = (
    ("now", "#いのちSOS", "#Inochi SOS", "死にたい・消えたい気持ちを話せます。無料。", "0120-061-338", "", ""),
    ("now", "よりそいホットライン", "Yorisoi Hotline", "無料。", "0120-279-338", "", "24時間"),
    (
        "now",
        "命の危険を感じるとき",
        "In immediate danger",
        "119・110へ。近くの人に一緒にいてもらってください。",
        "119",
        "",
        "",
    ),
    (
        "own",
        "産業医・保健師（社内）",
        "Occupational physician / nurse",
        "常時50人以上の事業場には産業医がいます。話した内容には守秘義務があります"
        "（働き方の配慮のため、必要な範囲の意見が会社へ伝えられることはあります）。",
        "",
        "",
        "",
    ),
    (
        "work",
        "地域産業保健センター",
        "Regional occupational health centre",
        "50人未満の事業場で働く人が無料で相談できます。",
        "",
        "",
        "",
    ),
    (
        "work",
        "こころの耳（厚生労働省）",
        "Kokoro no Mimi (MHLW)",
        "働く人の相談。電話・SNS・メール。無料。",
        "0120-565-455",
        "https://kokoro.mhlw.go.jp/",
        "平日17〜22時、土日10〜16時",
    ),
    (
        "work",
        "まもろうよ こころ（厚生労働省）",
        "Mamorouyo Kokoro (MHLW)",
        "いま話せる窓口の一覧。無料。",
        "",
        "",
        "",
    ),
    (
        "work",
        "総合労働相談コーナー（労働局）",
        "Labour consultation corner",
        "パワハラ・残業・退職の相談。無料。",
        "",
        "",
        "",
    ),
)


def fill(apps, schema_editor):
    lines = apps.get_model("incidents", "HelpLine").objects
    if lines.exists():
        return  # somebody has entered their own already
    for place, (kind, name, name_en, detail, phone, url, hours) in enumerate(LINES, start=1):
        lines.create(
            kind=kind, name=name, name_en=name_en, detail=detail, phone=phone, url=url, hours=hours, place=place * 10
        )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0011_where_to_talk")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=False)]
