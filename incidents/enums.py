"""Every vocabulary of the app (product.md section 1). Labels are what the screen shows."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    VIEWER = "viewer", _("閲覧")
    MEMBER = "member", _("メンバー")
    LEAD = "lead", _("リーダー")


EDITING_ROLES = frozenset({Role.MEMBER, Role.LEAD})


class IncidentKind(models.TextChoices):
    INCIDENT = "incident", _("インシデント")
    NEAR_MISS = "near_miss", _("ヒヤリハット")
    CONCERN = "concern", _("違和感")


# What has reached nobody, as far as is known: no clock runs, and without an effect it is S4 (B-4).
LIGHTER_KINDS = frozenset({IncidentKind.NEAR_MISS, IncidentKind.CONCERN})


class Severity(models.TextChoices):
    """Effect, never fault (B-4)."""

    S1 = "S1", _("S1 重大")
    S2 = "S2", _("S2 大")
    S3 = "S3", _("S3 中")
    S4 = "S4", _("S4 小")


class Stage(models.TextChoices):
    RECORDED = "recorded", pgettext_lazy("stage", "割れ")
    FIRST_REPORTED = "first_reported", pgettext_lazy("stage", "漆")
    CAUSE_KNOWN = "cause_known", pgettext_lazy("stage", "素地")
    MEASURES_COMMITTED = "measures_committed", pgettext_lazy("stage", "金粉")
    MENDED = "mended", pgettext_lazy("stage", "金継ぎ")
    REPAIRED_ONLY = "repaired_only", pgettext_lazy("stage", "修理のみ")
    DUPLICATE = "duplicate", pgettext_lazy("stage", "重複")
    WITHDRAWN = "withdrawn", pgettext_lazy("stage", "取下げ")


REPAIR_STAGES = (
    Stage.RECORDED,
    Stage.FIRST_REPORTED,
    Stage.CAUSE_KNOWN,
    Stage.MEASURES_COMMITTED,
    Stage.MENDED,
)
OTHER_ENDS = frozenset({Stage.REPAIRED_ONLY, Stage.DUPLICATE, Stage.WITHDRAWN})
OPEN_STAGES = frozenset(REPAIR_STAGES) - {Stage.MENDED}
# Ends at which nobody is owed a first report any more: another record tells them, or there was nothing to tell.
# 修理のみ is none of them: whoever waits still waits (invariant 7).
SILENT_ENDS = frozenset({Stage.WITHDRAWN, Stage.DUPLICATE})


class Category(models.TextChoices):
    """The twenty categories of the idea book (B-5)."""

    MISDELIVERY = "misdelivery", _("誤送信・誤送付")
    BILLING = "billing", _("請求・入金")
    DOUBLE_PAYMENT = "double_payment", _("支払・振込")
    TRANSCRIPTION = "transcription", _("転記・入力")
    ORDERING = "ordering", _("発注・受注")
    DELIVERY_DELAY = "delivery_delay", _("納期・発送")
    PERSONAL_DATA = "personal_data", _("個人情報")
    PAYROLL = "payroll", _("給与・勤怠")
    CONTRACT = "contract", _("契約書・押印")
    DEADLINE = "deadline", _("期限・提出")
    SYSTEM_ENTRY = "system_entry", _("システム・マスタ")
    INVENTORY = "inventory", _("在庫・備品")
    COMPLAINT_CALL = "complaint_call", _("電話・応対")
    MAIL_POST = "mail_post", _("郵送・封入")
    SCHEDULING = "scheduling", _("日程・予約")
    DOCUMENT_VERSION = "document_version", _("書類・版")
    HR_PROCEDURE = "hr_procedure", _("入退社・社会保険")
    EXPENSE = "expense", _("経費精算")
    DATA_FILE = "data_file", _("ファイル・Excel")
    HANDOVER = "handover", _("引き継ぎ")


class NoticedBy(models.TextChoices):
    """Who noticed. That somebody told of it themselves is worth seeing (B-6); it is never counted by person."""

    SELF = "self", _("自分から知らせた")
    COLLEAGUE = "colleague", _("同じ組織の人")
    COUNTERPARTY = "counterparty", _("お客様・取引先")
    SYSTEM = "system", _("仕組み・点検")
    OTHER = "other", _("その他")


class Channel(models.TextChoices):
    """How the first report reached the other side."""

    PHONE = "phone", _("電話")
    MAIL = "mail", _("メール")
    IN_PERSON = "in_person", _("対面")
    OTHER = "other", _("その他")


class Certainty(models.TextChoices):
    FACT = "fact", _("事実")
    ESTIMATE = "estimate", _("推定")
    UNKNOWN = "unknown", _("不明")


class Verdict(models.TextChoices):
    """What an addendum says of the line it belongs to; without one it only adds to it."""

    CONFIRMED = "confirmed", _("事実と確認")
    REFUTED = "refuted", _("事実ではなかった")


class EntryKind(models.TextChoices):
    NOTE = "note", _("記録")
    FIRST_REPORT = "first_report", _("一次報告")
    CONTAINMENT = "containment", _("応急処置")
    FINAL_REPORT = "final_report", _("最終報告")
    PROMISE = "promise", _("お約束")
    CALL = "call", _("電話メモ")
    REQUEST = "request", _("ご要望")
    QUESTION = "question", _("問い")
    ATTACHMENT = "attachment", _("添付")
    LINK = "link", _("つながり")
    SEVERITY = "severity", _("重大度")
    CAUSE = "cause", _("原因")
    MEASURE = "measure", _("対策")
    CHECK = "check", _("効果確認")
    PROOF = "proof", _("効いていると確認")
    END = "end", _("終わり方")
    OUTSIDE = "outside", _("対外")
    IMPORTED = "imported", _("取り込み")
    MAIL = "mail", _("メール")


class Track(models.TextChoices):
    OCCURRENCE = "occurrence", _("発生")
    ESCAPE = "escape", _("流出")


class Factor(models.TextChoices):
    """Tools and procedure stand before people (A-33, R4)."""

    TOOL = "tool", _("道具")
    PROCEDURE = "procedure", _("手順")
    INFORMATION = "information", _("情報")
    ENVIRONMENT = "environment", _("環境")
    MANAGEMENT = "management", _("管理")
    PERSON = "person", _("人")


class MeasureKind(models.TextChoices):
    CORRECTIVE = "corrective", _("是正")
    PREVENTIVE = "preventive", _("予防")


class Strength(models.IntegerChoices):
    """What the measure does, 6 strongest (B-5)."""

    ELIMINATE = 6, pgettext_lazy("strength", "やめる")
    AUTOMATE = 5, _("自動にする")
    IMPOSSIBLE = 4, _("間違えられなくする")
    CHECK = 3, _("確かめる仕組み")
    CHECKLIST = 2, _("手順・チェックリスト")
    TEACH = 1, _("教える・呼びかける")
    BE_CAREFUL = 0, _("心がける")


WEAK_STRENGTHS = frozenset({Strength.BE_CAREFUL, Strength.TEACH})


class MeasureStatus(models.TextChoices):
    PROPOSED = "proposed", _("案")
    COMMITTED = "committed", _("約束")
    IN_PROGRESS = "in_progress", _("進行中")
    DONE = "done", _("実施済み")
    EFFECTIVE = "effective", pgettext_lazy("measure", "金")
    INEFFECTIVE = "ineffective", _("効かなかった")
    NOT_DOING = "not_doing", _("実施しない")


# Promised and not yet proven, proven, or proven wrong: what a root cause may lean on.
COVERING_STATUSES = frozenset(
    {MeasureStatus.COMMITTED, MeasureStatus.IN_PROGRESS, MeasureStatus.DONE, MeasureStatus.EFFECTIVE}
)
RUNNING_STATUSES = frozenset({MeasureStatus.COMMITTED, MeasureStatus.IN_PROGRESS})


class Outcome(models.TextChoices):
    EFFECTIVE = "effective", _("効いている")
    PARTLY = "partly", _("一部だけ効いている")
    INEFFECTIVE = "ineffective", _("効かなかった")
    INCONCLUSIVE = "inconclusive", _("まだわからない")


class RequestState(models.TextChoices):
    """Life of a wish to move a date (M3)."""

    ASKED = "asked", _("返事待ち")
    GRANTED = "granted", _("認めた")
    REFUSED = "refused", _("見送った")


class SpreadReply(models.TextChoices):
    """What another team answers when it is asked whether this could break there too (M4)."""

    NOT_APPLICABLE = "not_applicable", _("該当なし")
    COVERED = "covered", _("対策済み")
    ACTION = "action", _("要対応")


class Anniversary(models.TextChoices):
    """A year after gold: does the measure still live (V4)?"""

    HOLDS = "holds", _("続いている")
    HOLLOW = "hollow", _("形骸化している")
    OBSOLETE = "obsolete", _("もう要らない")


class FollowUpKind(models.TextChoices):
    COUNTERMEASURE = "countermeasure", _("対策の期限")
    EFFECT_CHECK = "effect_check", _("効果確認")
    FIRST_REPORT = "first_report", _("一次報告の時計")
    NEXT_REPORT = "next_report", _("続報")
    FINAL_REPORT = "final_report", _("最終報告")
    PROMISE = "promise", _("お約束")
    QUESTION = "question", _("問い")
    RISK_REVIEW = "risk_review", _("受け入れたリスクの見直し")
    NOT_DOING_REVIEW = "not_doing_review", _("実施しない対策の見直し")
    SPREAD_ANSWER = "spread_answer", _("横展開の回答")
    SPREAD_ACTION = "spread_action", _("横展開の取り組み")
    ANNIVERSARY = "anniversary", _("一年後の確かめ")


# Promised for a minute of the clock, not for a day (B-14): told beside the digest.
MOMENT_KINDS = frozenset({FollowUpKind.FIRST_REPORT, FollowUpKind.NEXT_REPORT, FollowUpKind.PROMISE})


# Promises of a team that was asked by another one (M4): they show nothing of the record that asks (invariant 9).
SPREAD_KINDS = frozenset({FollowUpKind.SPREAD_ANSWER, FollowUpKind.SPREAD_ACTION})


# What comes back on a day and is answered on the page of the review (M5, V4).
REVIEW_KINDS = frozenset({FollowUpKind.RISK_REVIEW, FollowUpKind.NOT_DOING_REVIEW, FollowUpKind.ANNIVERSARY})


class FollowUpState(models.TextChoices):
    OPEN = "open", _("進行中")
    KEPT = "kept", _("果たした")
    CANCELLED = "cancelled", _("取り消し")


class DeliveryState(models.TextChoices):
    """Life of one ledger row: who is told which step."""

    PENDING = "pending", _("予定")
    WRITTEN = "written", _("手紙にした")
    SENT = "sent", _("送った")
    CANCELLED = "cancelled", _("取り消し")
    FAILED = "failed", _("届かなかった")


class LetterKind(models.TextChoices):
    DIGEST = "digest", _("今日のお知らせ")
    MOMENT = "moment", _("時刻のお知らせ")
    ACCOUNT = "account", _("サインインの手続き")
    TEST = "test", _("送信テスト")
    CARE = "care", _("ひと息の便り")
    HANDED_OVER = "handed_over", _("引き継ぎ")
    HELP = "help", _("手伝いのお願い")
    NOT_MINE = "not_mine", _("担当の相談")
    STAND_IN = "stand_in", _("不在の間のお願い")
    UNREACHED = "unreached", _("届かない知らせ")
    ORPHANED = "orphaned", _("担当が離れた約束")
    MIRROR_OFF = "mirror_off", _("チャットに写せなくなったお知らせ")
    UNTAKEN = "untaken", _("記録に入らなかったメールのお知らせ")
    AUDIT_HEADS = "audit_heads", _("変更履歴の控え")
    INVITATION = "invitation", _("チームへの招待")
    READER_ASKED = "reader_asked", _("閲覧のお願い")
    READER_ANSWERED = "reader_answered", _("閲覧のお願いへの返事")


class MailAct(models.TextChoices):
    """What a link in a mail lets its addressee say about a promise, beside できました (U4)."""

    DUE = "due", _("期限を相談する")
    HELP = "help", _("手伝いを頼む")
    NOT_MINE = "not_mine", _("担当ちがい")


class MailKind(models.TextChoices):
    """What a mail that came in is."""

    REPLY = "reply", _("返信")
    FORWARD = "forward", _("転送")
    BOUNCE_HARD = "bounce_hard", _("届かなかった知らせ")
    BOUNCE_SOFT = "bounce_soft", _("いまは届かない知らせ")
    AUTO = "auto", _("自動応答")
    COMPLAINT = "complaint", _("苦情の知らせ")
    LOOP = "loop", _("うしろのメール")
    OTHER = "other", _("その他")


class MailState(models.TextChoices):
    """What became of it."""

    POSTED = "posted", _("経緯に入れた")
    DRAFTED = "drafted", _("まず一言にした")
    HELD = "held", _("確認待ち")
    NOTED = "noted", _("受け取っただけ")
    REFUSED = "refused", _("使わずに保管")
    DROPPED = "dropped", _("捨てた")


class MailWhy(models.TextChoices):
    """Why it became that, for whoever looks at it later."""

    PLAIN = "", _("問題ありません。")
    WRONG_SENDER = "wrong_sender", _("差出人が違います。この返信先を受け取った方のアドレスからではありません。")
    NO_TOKEN = "no_token", _("返信先のしるしがありません。差出人だけでは、ご本人とはわかりません。")
    EXPIRED = "expired", _("返信先の期限（60日）が過ぎています。")
    NO_STANDING = "no_standing", _("この方は、いまこの記録に書けません。")
    NO_WORDS = "no_words", _("新しく書かれた文章も、添付もありません。")
    TOO_MANY = "too_many", _("短い間に同じ方からたくさん届きました。")
    WHICH_RECORD = "which_record", _("どの記録への返信かわからないため、ご本人の「まず一言」に入れました。")
    UNKNOWN = "unknown", _("だれの、どの記録へのメールか、わかりません。")
    MACHINE = "machine", _("機械が送ったメールです。返事はしません。")
    UNREACHED = "unreached", _("うしろの手紙が届きませんでした。")
    UNMATCHED = "unmatched", _("届かなかった知らせですが、うしろのどの手紙のことか、確かめられません。")
    INFECTED = "infected", _("ウイルスの検査で止まりました。元のメールは残していません。")
    TOO_LARGE = "too_large", _("大きすぎます。")
    UNSCANNED = (
        "unscanned",
        _("ウイルス対策ソフトで確かめられません。元のメールは、メールボックスの Ushiro/Kept にあります。"),
    )
    NOT_KEPT = "not_kept", _("知らない方からのメールが多いか大きいため、中身は残していません。")


class HelpLineKind(models.TextChoices):
    """Where somebody can talk (B-11)."""

    NOW = "now", _("いますぐ話したいとき")
    OWN = "own", _("わたしたちの窓口")
    WORK = "work", _("働くことの相談先")


class LetterState(models.TextChoices):
    WAITING = "waiting", _("送信待ち")
    SENDING = "sending", _("送信中")
    SENT = "sent", _("送信済み")
    KEPT = "kept", _("手元に保管")
    FAILED = "failed", _("送信できず")
    UNCONFIRMED = "unconfirmed", _("届いたか不明")
    CANCELLED = "cancelled", _("取り消し")
    QUARANTINED = "quarantined", _("保留")


class MirrorKind(models.TextChoices):
    """Where a team's reminders are mirrored (U10). Names of services are the same in every language."""

    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    CHATWORK = "chatwork", "Chatwork"
    LINEWORKS = "lineworks", "LINE WORKS"
    DISCORD = "discord", "Discord"
    WEBHOOK = "webhook", "Webhook"


class MirrorState(models.TextChoices):
    NEW = "new", _("確認待ち")
    ON = "on", _("写しています")
    OFF = "off", _("止めています")
    BROKEN = "broken", _("届かず、止まりました")
    ENDED = "ended", _("片づけました")


class PostKind(models.TextChoices):
    """What is mirrored: the team's morning in one message, and the clock of a first report at once."""

    MORNING = "morning", _("朝のお知らせ")
    CLOCK = "clock", _("一次報告の時計")


class PostState(models.TextChoices):
    WAITING = "waiting", _("送信待ち")
    SENDING = "sending", _("送信中")
    SENT = "sent", _("写した")
    FAILED = "failed", _("写せなかった")
    CANCELLED = "cancelled", _("取り消し")


class Language(models.TextChoices):
    JAPANESE = "ja", "日本語"
    ENGLISH = "en", "English"


class ReadDoor(models.TextChoices):
    """By which way a restricted record was opened."""

    PAGE = "page", _("ページ")
    FILE = "file", _("添付ファイル")
    EXPORT = "export", _("一覧の書き出し")
