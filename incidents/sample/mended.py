"""What was mended with gold, in words."""

from __future__ import annotations

from incidents.enums import (
    Category,
    Certainty,
    Channel,
    Factor,
    Severity,
    Strength,
    Track,
)
from incidents.models import (
    Organisation,
)
from incidents.sample.story import NEWEST, Crack, Story


def long_ago(s: Story) -> None:
    old = Crack(
        s,
        s.at(420, "15:20"),
        "tanaka",
        "見積書の宛名が別の会社名のまま届いた",
        category=Category.MISDELIVERY,
        process="見積書の送付",
        counterparty="南北物産株式会社 様",
        severity=Severity.S3,
        who_waits="南北物産株式会社 様",
        body="前の見積書を複写して作った一通で、宛名の会社名が前のお客様のままになっていました。金額と品名は正しいものでした。",
    )

    def go_on() -> None:
        Organisation.objects.update(next_incident_number=NEWEST - (s.cracks - 1) + 1)

    s.then(s.at(420, "15:30"), go_on)
    old.told(48, "宛名の誤りをお詫びし、正しい見積書を当日中に送るとお伝えしました。")
    old.why(
        "a",
        s.at(418, "10:00"),
        "前の見積書を複写し、宛名だけを手で書き替えていた。",
        evidence="複写元のファイルの更新記録",
    )
    old.why("b", s.at(418, "10:10"), "見積書の様式が、宛名を手で入れる作りになっている。", under="a", root=Factor.TOOL)
    old.promise(
        "m",
        s.at(417, "11:00"),
        "b",
        "宛名を取引先マスタから差し込む様式に替える",
        due=s.day(400),
        before="前の見積書を複写し、宛名を手で書き替える",
        after="取引先コードを入れると、宛名がマスタから入る。手では書けない",
        strength=Strength.IMPOSSIBLE,
        owner="tanaka",
        checker="sato",
        check_what="宛名を直して送り直した見積書の数",
        check_threshold="30日間で0通",
    )
    old.done("m", s.at(403, "16:30"), "新しい様式に替え、古い様式は共有フォルダから外しました。")
    old.judged("m", s.at(370, "10:30"), "sato", "30日間に送った見積書212通のうち、宛名の送り直しは0通でした。")


def mended(s: Story) -> None:
    """Six cracks of the last three months that have turned to gold."""
    row = Crack(
        s,
        s.at(86, "10:12"),
        "tanaka",
        "ファクス注文の数量を一行下の品番に登録",
        category=Category.TRANSCRIPTION,
        process="受注登録",
        counterparty="株式会社北星工業 様",
        severity=Severity.S3,
        who_waits="株式会社北星工業 様",
        occurred_at=s.at(87, "16:40"),
        body="ファクスの注文書を見ながら登録したとき、数量が一行下の品番に入りました。出荷前に先方から確認の電話があり、わかりました。",
    )
    row.told(31, "出荷前に止めたこと、正しい内容で当日出荷することをお伝えしました。")
    row.called(
        s.at(86, "11:05"),
        "株式会社北星工業 様",
        "二行目と三行目の数量が逆になっている。ほかの行は合っている。",
        "今日の便で正しい数量を届けてほしい。",
    )
    row.mended_by(s.at(86, "12:00"), "yamaguchi", "倉庫で2品番を積み直し、当日の便に間に合わせた", 50)
    row.mended_by(s.at(86, "13:30"), "suzuki", "同じ日の9件を注文書と照合した", 75)
    row.line(s.at(87, "16:40"), "ファクス注文書12行を受注画面に登録")
    row.line(s.at(86, "10:25"), "倉庫に連絡し、該当の2品番の出荷を止めた")
    row.line(s.at(86, "11:30"), "同じ日に登録した9件を注文書と照合。ほかに差異なし")
    row.line(s.at(87, "16:55"), "登録の途中で電話を受けた", Certainty.ESTIMATE)
    row.why("a", s.at(85, "10:00"), "数量が、一行下の品番の欄に入った。", evidence="受注番号 20417 の登録記録")
    row.why("b", s.at(85, "10:05"), "紙の行と画面の行を、目だけで合わせて入れている。", under="a")
    row.why("c", s.at(85, "10:10"), "注文が紙で届き、手で入れ直す作業が残っている。", under="b", root=Factor.TOOL)
    row.why(
        "d",
        s.at(85, "10:20"),
        "登録のあと、合計数量を注文書と比べる画面がない。",
        track=Track.ESCAPE,
        evidence="受注画面の項目一覧",
    )
    row.promise(
        "m",
        s.at(84, "14:00"),
        "c",
        "ファクス注文をやめ、取引先が入力する発注フォームで受ける",
        due=s.day(74),
        before="ファクスの注文書を見て、受注画面に手で入れる",
        after="取引先が入力した品番と数量が、そのまま受注画面に入る",
        strength=Strength.ELIMINATE,
        owner="tanaka",
        backup="suzuki",
        checker="sato",
        check_what="入力の行ちがいによる受注の訂正",
        check_threshold="30日間で0件",
        promised_outside=True,
    )
    row.begun("m", s.at(82, "09:40"))
    row.done(
        "m",
        s.at(76, "15:10"),
        "北星工業様を含む8社が発注フォームに切り替わりました。",
        steps_removed=2,
        minutes_saved=320,
    )
    row.judged("m", s.at(44, "10:00"), "sato", "8社からの受注146件で、行ちがいの訂正は0件でした。")

    slip = Crack(
        s,
        s.at(80, "11:05"),
        "suzuki",
        "二社の納品書が入れ替わって届いた",
        category=Category.MAIL_POST,
        process="納品書の封入",
        counterparty="株式会社みどり食品 様、大川商店 様",
        severity=Severity.S3,
        who_waits="株式会社みどり食品 様",
        body="同じ日に封入した二社の納品書が入れ替わって届きました。両社に回収をお願いし、同日に正しい納品書をお送りしています。",
    )
    slip.told(44, "入れ替わりをお詫びし、回収用の封筒と正しい納品書を本日送るとお伝えしました。")
    slip.line(s.at(81, "16:00"), "二社あての納品書を封入し、郵便に出した")
    slip.line(s.at(80, "13:15"), "大川商店様へも電話で連絡。開封前であることを確認")
    slip.line(s.at(78, "10:30"), "両社から納品書を回収。写しは残っていないと回答あり")
    slip.why("a", s.at(79, "10:00"), "封筒の宛名と中の納品書を、別々に印刷している。", evidence="封入手順書 第3版")
    slip.why(
        "b", s.at(79, "10:06"), "宛名のシールと納品書の順番がずれると、気づける所がない。", under="a", root=Factor.TOOL
    )
    slip.why(
        "c",
        s.at(79, "10:15"),
        "封をする前の確かめが、通数を数えるだけになっている。",
        track=Track.ESCAPE,
        root=Factor.PROCEDURE,
        evidence="当日の封入記録（通数のみ）",
    )
    slip.promise(
        "m1",
        s.at(78, "14:00"),
        "b",
        "窓付き封筒に替え、宛名シールをなくす",
        due=s.day(64),
        before="宛名シールと納品書を別々に印刷し、封入のときに組み合わせる",
        after="納品書の宛名が窓から見える。宛名シールは使わない",
        strength=Strength.ELIMINATE,
        owner="suzuki",
        checker="yamaguchi",
        check_what="納品書の入れちがいの連絡",
        check_threshold="30日間で0件",
    )
    slip.promise(
        "m2",
        s.at(78, "14:20"),
        "c",
        "封をする前に納品書番号を読み取り、出荷一覧と突き合わせる",
        due=s.calendar.add_business_days(s.day(64), -2),
        before="封入した通数だけを数える",
        after="納品書番号を読み取り、出荷一覧の会社名と合うと印が出る",
        strength=Strength.CHECK,
        owner="yamaguchi",
        checker="tanaka",
        check_what="読み取りで止まった通数と、社外に出た入れちがい",
        check_threshold="社外に出た入れちがいが30日間で0件",
    )
    slip.done("m1", s.at(65, "13:20"), "窓付き封筒に替えました。シールの在庫は処分しています。")
    slip.done("m2", s.at(64, "17:05"), "読み取り機の納品が遅れ、期限の2営業日後に運用を始めました。")
    slip.judged(
        "m2",
        s.at(30, "11:00"),
        "tanaka",
        "30日間で340通を読み取り、2通が封をする前に止まりました。社外への入れちがいは0件です。",
    )
    slip.judged("m1", s.at(29, "15:30"), "yamaguchi", "30日間、入れちがいの連絡は0件でした。")

    tenfold = Crack(
        s,
        s.at(75, "09:30"),
        "yamaguchi",
        "梱包材を十倍の数量で発注",
        category=Category.ORDERING,
        process="資材の発注",
        counterparty="東和資材株式会社 様",
        severity=Severity.S3,
        who_waits="東和資材株式会社 様",
        body="箱単位で入れる欄に枚数を入れて発注しました。仕入先からの確認の電話でわかり、出荷前に数量を直していただきました。",
    )
    tenfold.told(38, "数量の訂正をお願いし、正しい数量で受けていただきました。")
    tenfold.line(s.at(76, "17:20"), "発注画面で数量 200 と入力（単位は箱）")
    tenfold.line(s.at(75, "09:30"), "仕入先から、数量が平月の十倍であると電話あり")
    tenfold.why(
        "a", s.at(74, "10:00"), "枚数のつもりで入れた 200 が、200 箱として発注された。", evidence="発注番号 P-3381"
    )
    tenfold.why("b", s.at(74, "10:05"), "数量の欄に単位が出ていない。", under="a", root=Factor.TOOL)
    tenfold.promise(
        "m",
        s.at(73, "11:00"),
        "b",
        "発注画面の数量欄に単位を出し、平月の三倍を超える数量は登録できなくする",
        due=s.day(61),
        before="数量の欄に単位がなく、どんな数でも登録できる",
        after="「箱（100枚入り）」と出る。平月の三倍を超えると登録が止まる",
        strength=Strength.IMPOSSIBLE,
        owner="yamaguchi",
        checker="suzuki",
        check_what="単位の取りちがえによる発注の訂正",
        check_threshold="30日間で0件",
    )
    tenfold.done("m", s.at(62, "16:00"), "画面の設定を変え、資材42品目に単位と上限を入れました。")
    tenfold.judged(
        "m", s.at(28, "10:20"), "suzuki", "発注58件のうち3件が上限で止まり、入れ直されました。訂正の連絡は0件です。"
    )

    renewal = Crack(
        s,
        s.at(70, "14:10"),
        "sato",
        "保守契約の更新の返事が期日を過ぎた",
        category=Category.CONTRACT,
        process="契約の管理",
        counterparty="セントラル保守株式会社 様",
        severity=Severity.S3,
        who_waits="セントラル保守株式会社 様",
        body="複合機の保守契約について、更新の返事をする期日を二日過ぎていました。先方のご厚意で条件は変わっていません。",
    )
    renewal.told(36, "返事が遅れたことをお詫びし、更新する旨をお伝えしました。", Channel.MAIL)
    renewal.line(s.at(72, "17:00"), "更新の返事の期日")
    renewal.line(s.at(70, "14:10"), "先方からの問い合わせで期日を過ぎていることがわかった")
    renewal.why("a", s.at(69, "10:00"), "更新の期日が、契約書の紙にだけ書かれていた。", evidence="契約書の綴り")
    renewal.why("b", s.at(69, "10:05"), "期日を前もって知らせるものがない。", under="a", root=Factor.INFORMATION)
    renewal.promise(
        "m",
        s.at(68, "13:00"),
        "b",
        "契約台帳に更新日を入れ、60日前に自動で知らせる",
        due=s.day(56),
        before="契約書の紙を見て、思い出したときに手続きをする",
        after="更新日の60日前と30日前に、台帳から担当と代わりの人へ知らせが届く",
        strength=Strength.AUTOMATE,
        owner="sato",
        backup="tanaka",
        checker="tanaka",
        check_what="知らせより後に気づいた更新",
        check_threshold="30日間で0件",
    )
    renewal.done("m", s.at(57, "11:45"), "契約31件を台帳に入れ、知らせの試しも済ませました。")
    renewal.judged("m", s.at(23, "09:50"), "tanaka", "期間中に更新日が来た4件とも、60日前に知らせが届いていました。")

    moved = Crack(
        s,
        s.at(66, "16:20"),
        "tanaka",
        "電話で受けた納期の変更が出荷に伝わらなかった",
        category=Category.DELIVERY_DELAY,
        process="納期の調整",
        counterparty="有限会社三浦金物 様",
        severity=Severity.S3,
        who_waits="有限会社三浦金物 様",
        body="一週間早める納期の変更を電話で受けましたが、出荷の予定は元の日付のままでした。翌朝の便で全量をお届けしています。",
    )
    moved.told(29, "翌朝の便で全量を届けること、到着予定は10時であることをお伝えしました。")
    moved.line(s.at(73, "11:15"), "納期変更の電話を受け、紙のメモに書いた")
    moved.line(s.at(65, "09:50"), "全量をお届けし、受領の印をいただいた")
    moved.line(s.at(73, "12:00"), "メモがどこで止まったか", Certainty.UNKNOWN, unknown_time=True)
    moved.why("a", s.at(64, "10:00"), "納期の変更が、紙のメモだけで渡されていた。", evidence="当日のメモの写し")
    moved.why("b", s.at(64, "10:05"), "電話で受けた変更を入れる決まった場所がない。", under="a", root=Factor.PROCEDURE)
    moved.promise(
        "m",
        s.at(63, "14:00"),
        "b",
        "納期の変更は受注システムの変更依頼だけで受け、出荷予定を自動で書き替える",
        due=s.day(50),
        before="電話の内容を紙に書き、出荷の席へ持っていく",
        after="電話を受けながら変更依頼を入れると、出荷予定の日付が変わる",
        strength=Strength.AUTOMATE,
        owner="tanaka",
        checker="suzuki",
        check_what="伝わらなかった納期の変更",
        check_threshold="30日間で0件",
        promised_outside=True,
    )
    moved.begun("m", s.at(60, "09:30"))
    moved.done("m", s.at(51, "15:00"), "変更依頼の画面を使い始め、紙のメモの様式をなくしました。")
    moved.judged("m", s.at(5, "16:10"), "suzuki", "変更依頼37件のすべてが、当日中に出荷予定へ入っていました。")

    version = Crack(
        s,
        s.at(59, "13:40"),
        "suzuki",
        "改定前の見積書を送付",
        category=Category.DOCUMENT_VERSION,
        process="見積書の送付",
        counterparty="株式会社ひので製作所 様",
        severity=Severity.S3,
        who_waits="株式会社ひので製作所 様",
        body="値引きを入れる前の版を送っていました。正しい見積書を同日に送り、先の分は無効とすることを了承いただいています。",
    )
    version.told(52, "先の見積書が改定前のものであることと、正しい版を送ったことをお伝えしました。", Channel.MAIL)
    version.line(s.at(59, "13:40"), "先方から、合計金額が打ち合わせと違うと連絡")
    version.line(s.at(59, "14:25"), "共有フォルダに同じ名前の見積書が三つあることを確認")
    version.why("a", s.at(58, "10:00"), "改定前の版が、送付用のフォルダに残っていた。", evidence="フォルダの更新記録")
    version.why(
        "b", s.at(58, "10:05"), "改定のたびに写しを作り、古い版をしまう決まりがない。", under="a", root=Factor.TOOL
    )
    version.promise(
        "m",
        s.at(57, "14:00"),
        "b",
        "見積書の置き場所を一つにし、改定すると古い版が自動でしまわれるようにする",
        due=s.day(42),
        before="改定のたびに写しを作り、同じフォルダに並べて置く",
        after="送付用の場所には最新版だけが見える。古い版は履歴からひらく",
        strength=Strength.AUTOMATE,
        owner="suzuki",
        checker="sato",
        check_what="改定前の見積書の送付",
        check_threshold="30日間で0件",
    )
    version.done("m", s.at(43, "17:10"), "置き場所を移し、版の履歴が残る設定にしました。")
    version.judged("m", s.at(4, "11:20"), "sato", "送付した見積書96通のすべてが最新版でした。")
