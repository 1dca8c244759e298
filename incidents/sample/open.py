"""What is still open, what ended otherwise, the other team, and the crack of this morning, in words."""

from __future__ import annotations

from datetime import timedelta

from incidents.enums import (
    Category,
    Certainty,
    Channel,
    Factor,
    IncidentKind,
    Outcome,
    Severity,
    Stage,
    Strength,
)
from incidents.sample.story import Crack, Story


def on_the_way(s: Story) -> None:
    """Records between the first report and the promise, and one whose measure did not work."""
    dock = Crack(
        s,
        s.at(52, "10:45"),
        "yamaguchi",
        "納品の時間が二社で重なり、一社をお待たせした",
        category=Category.SCHEDULING,
        process="納品の予約",
        counterparty="北港運輸株式会社 様",
        severity=Severity.S3,
        who_waits="北港運輸株式会社 様",
        body="同じ時間に二社の納品予約が入り、後から来られた便を50分お待たせしました。",
    )
    dock.told(47, "待ち時間の見込みと、次回からの受付の窓口をお伝えしました。", Channel.IN_PERSON)
    dock.line(s.at(52, "10:30"), "二社の便が続けて到着")
    dock.line(s.at(52, "11:35"), "二社目の荷おろしを始めた")
    dock.why("a", s.at(51, "10:00"), "電話とメールの予約が、別々の表に書かれていた。", evidence="当日の予約表二枚")
    dock.why(
        "b", s.at(51, "10:05"), "埋まっている時間が、予約を受けるときに見えない。", under="a", root=Factor.INFORMATION
    )
    dock.promise(
        "m",
        s.at(50, "14:00"),
        "b",
        "予約表に色をつけ、埋まっている時間を見分けやすくする",
        due=s.day(44),
        before="時間と会社名だけが並ぶ",
        after="埋まった時間は色がつく",
        strength=Strength.CHECKLIST,
        owner="suzuki",
        checker="yamaguchi",
        check_what="時間が重なった予約",
        check_threshold="30日間で0件",
    )
    dock.done("m", s.at(45, "11:00"), "二つの予約表に同じ色分けを入れました。")
    dock.judged(
        "m",
        s.at(11, "15:40"),
        "yamaguchi",
        "30日間で2件重なりました。電話の予約が表に入る前に、メールの予約を受けていました。",
        Outcome.INEFFECTIVE,
    )
    dock.idea(
        "m2",
        s.at(6, "11:00"),
        "b",
        "予約の窓口を一つの予約画面にし、埋まった時間は選べなくする",
        before="電話とメールを別々の表で受ける",
        after="どの予約も同じ画面に入り、埋まった時間は選べない",
        strength=Strength.IMPOSSIBLE,
    )

    contact = Crack(
        s,
        s.at(12, "15:15"),
        "tanaka",
        "サンプルを前のご担当者あてに発送",
        category=Category.HANDOVER,
        process="サンプルの発送",
        counterparty="株式会社みどり食品 様",
        severity=Severity.S4,
        who_waits="株式会社みどり食品 様",
        body="ご担当の交代の連絡は営業に届いていましたが、発送の宛先は前の方のままでした。先方の社内で今のご担当に渡していただいています。",
    )
    contact.told(33, "宛先の誤りをお詫びし、今のご担当のお名前に改めたことをお伝えしました。")
    contact.line(s.at(13, "16:30"), "前のご担当者あてで発送")
    contact.line(s.at(30, "10:00"), "交代の連絡を営業が受けた", Certainty.ESTIMATE)
    contact.why("a", s.at(10, "10:00"), "交代の連絡が、営業のメールの中だけにあった。", evidence="受信の記録")
    contact.why(
        "b",
        s.at(10, "10:05"),
        "ご担当の変更を取引先マスタに入れる人と時期が決まっていない。",
        under="a",
        root=Factor.INFORMATION,
    )
    contact.idea(
        "m",
        s.at(8, "13:30"),
        "b",
        "交代の連絡を受けた人が、その場で取引先マスタを直せるようにする",
        before="営業がメールで受け、直す人は決まっていない",
        after="受けた人がその場でマスタを直し、発送の宛先も変わる",
        strength=Strength.CHECK,
    )

    late = Crack(
        s,
        s.at(2, "13:25"),
        "yamaguchi",
        "納期の回答がお約束の時刻を過ぎた",
        category=Category.DELIVERY_DELAY,
        process="納期の回答",
        counterparty="山手電機株式会社 様",
        severity=Severity.S3,
        who_waits="山手電機株式会社 様",
        body="正午までにとお約束した納期の回答が、13時を過ぎても出ていませんでした。",
    )
    late.told(55, "納期は来週の火曜であること、遅れのお詫びをお伝えしました。")
    late.line(s.at(2, "12:00"), "お約束の時刻")
    late.line(s.at(2, "12:10"), "工場からの返事を待っていた", Certainty.ESTIMATE)
    late.why("a", s.at(1, "10:30"), "お約束の時刻が、電話を受けた席のメモにだけあった。", evidence="電話のメモ")
    _later_ends(s, late)

    Crack(
        s,
        s.at(6, "14:50"),
        "suzuki",
        "単価の桁ちがいに出荷の前に気づいた",
        kind=IncidentKind.NEAR_MISS,
        category=Category.SYSTEM_ENTRY,
        process="単価の登録",
        severity=Severity.S4,
        body="新しい品目の単価が一桁多く登録されていました。納品書を印刷したときに気づき、社外には出ていません。",
    ).line(s.at(6, "15:10"), "単価を直し、同じ日に登録した6品目も確かめた")
    Crack(
        s,
        s.at(9, "16:30"),
        "yamaguchi",
        "月末の午後、電話と締めの作業が重なっている",
        kind=IncidentKind.CONCERN,
        category=Category.COMPLAINT_CALL,
        process="月末の締め",
        body="まだ割れてはいませんが、締めの入力の途中で電話を取ることが続いています。電話の当番を分けられないでしょうか。",
    )


def other_ends(s: Story) -> None:
    parcel = Crack(
        s,
        s.at(25, "10:20"),
        "suzuki",
        "社内便が別の階に届いた",
        category=Category.MAIL_POST,
        process="社内便",
        severity=Severity.S4,
        body="フロアの移動のあと、社内便の棚の札が古いままでした。当日のうちに届け直しています。",
    )
    parcel.ended(
        s.at(21, "11:00"),
        Stage.REPAIRED_ONLY,
        "社内便は今月末でなくなります。札を直し、残りの期間はこのまま使うため、対策は約束せずに終えます。",
    )
    unmatched = Crack(
        s,
        s.at(15, "09:40"),
        "tanaka",
        "入金の消し込みもれがあるように見えた",
        category=Category.BILLING,
        process="入金の確認",
        severity=Severity.S4,
        body="入金の一覧に一件足りないように見えました。",
    )
    unmatched.ended(
        s.at(14, "10:05"),
        Stage.WITHDRAWN,
        "翌朝の一覧に入金が出ていました。銀行の反映の時刻によるもので、割れではありませんでした。",
    )


def _later_ends(s: Story, original: Crack) -> None:
    again = Crack(
        s,
        s.at(2, "14:05"),
        "tanaka",
        "納期の回答が遅れていると電話があった",
        category=Category.DELIVERY_DELAY,
        process="納期の回答",
        counterparty="山手電機株式会社 様",
        severity=Severity.S3,
        who_waits="山手電機株式会社 様",
    )
    again.ended(s.at(2, "14:30"), Stage.DUPLICATE, "同じ電話の件が、先に記録されていました。", original)


def accounts(s: Story) -> None:
    """The second team; nobody of the first one sees any of it."""
    fare = Crack(
        s,
        s.at(16, "13:10"),
        "ito",
        "定期区間の交通費を重ねて精算",
        where="accounts",
        category=Category.EXPENSE,
        process="経費の精算",
        counterparty="社内の申請者",
        severity=Severity.S4,
        body="定期券のある区間の交通費が、別に精算されていました。翌月の給与で調整しています。",
    )
    fare.line(s.at(16, "13:10"), "月次の照合で1件がわかった")
    fare.why("a", s.at(15, "10:00"), "申請の画面に、定期の区間が出ていない。", root=Factor.TOOL)
    fare.idea(
        "m",
        s.at(13, "11:00"),
        "a",
        "申請の画面で、定期の区間を自動で差し引く",
        before="申請する人が、定期の区間を思い出して除く",
        after="区間を入れると、定期の分が差し引かれる",
        strength=Strength.AUTOMATE,
    )
    Crack(
        s,
        s.now - timedelta(minutes=52),
        "ito",
        "支払通知書の金額に消費税が入っていない",
        where="accounts",
        category=Category.BILLING,
        process="支払通知書の発行",
        counterparty="大川商店 様",
        severity=Severity.S3,
        who_waits="大川商店 様",
    )


def just_now(s: Story) -> None:
    wrong = Crack(
        s,
        s.now - timedelta(minutes=37),
        "sato",
        "請求書を別のお客様へ誤送信",
        category=Category.MISDELIVERY,
        process="請求書の送付",
        counterparty="株式会社青山商事 様",
        severity=Severity.S2,
        who_waits="株式会社青山商事 様",
        body="別のお客様から「他社の請求書が届いた」と電話がありました。送ったのは1通です。宛先と内容を確かめています。",
    )
    wrong.line(s.now - timedelta(minutes=37), "別のお客様から、他社の請求書が届いたと電話")
    wrong.line(s.now - timedelta(minutes=29), "送信の記録を見て、該当は1通と確認")
    wrong.line(s.now - timedelta(minutes=44), "自動送付の対象から外れていた得意先だった", Certainty.ESTIMATE)
