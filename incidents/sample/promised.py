"""What is promised and on its way to gold, in words."""

from __future__ import annotations

from datetime import timedelta

from incidents.enums import (
    Category,
    Certainty,
    Channel,
    Factor,
    Severity,
    Strength,
    Track,
    Verdict,
)
from incidents.sample.story import Crack, Story


def promised(s: Story) -> None:
    """Records whose countermeasures are promised: late, soon due, done and waiting for their check."""
    invoice = Crack(
        s,
        s.at(55, "10:12"),
        "sato",
        "請求書PDFを名前の似た別のお客様へ送付",
        category=Category.MISDELIVERY,
        process="請求書の送付",
        counterparty="株式会社青山商事 様、青木商事株式会社 様",
        severity=Severity.S2,
        who_waits="株式会社青山商事 様、青木商事株式会社 様",
        body="青山商事様あての請求書PDFを青木商事様へ送りました。青木商事様には削除をお願いし、翌日に削除の返事をいただいています。",
    )
    invoice.told(37, "青山商事様と青木商事様の両方に、起きたことと次の連絡の時刻をお伝えしました。")
    invoice.contained(s.at(55, "11:00"), "青木商事様へのPDFの削除をお願いし、ほかの請求書の送付をいったん止めた")
    invoice.line(s.at(55, "10:20"), "送信の記録を見て、別の宛先に出たのは1通だけと確認")
    invoice.line(s.at(54, "14:00"), "青木商事様から、PDFを削除したと返事")
    invoice.line(s.at(55, "09:05"), "似た名前が並んだ候補から宛先を選んだ", Certainty.ESTIMATE)
    invoice.line(
        s.at(55, "09:10"), "青木商事様の社内で、ほかにひらいた方がいるか", Certainty.UNKNOWN, unknown_time=True
    )
    invoice.line(s.at(55, "09:06"), "宛先の打ちまちがい", Certainty.ESTIMATE)
    invoice.found(
        s.at(54, "14:20"),
        "宛先の打ちまちがい",
        "送信の記録では、宛先は候補から選ばれていて、打たれていない",
        Verdict.REFUTED,
    )
    invoice.found(
        s.at(54, "14:25"), "似た名前が並んだ候補から宛先を選んだ", "送信画面の記録で確かめた", Verdict.CONFIRMED
    )
    invoice.why(
        "a", s.at(53, "10:00"), "請求書PDFが、青山商事様ではなく青木商事様へ届いた。", evidence="送信の記録 9:05"
    )
    invoice.why("b", s.at(53, "10:05"), "宛先を、名前の似た候補の中から手で選んでいた。", under="a", root=Factor.TOOL)
    invoice.why("c", s.at(53, "10:15"), "送る前の確かめが、送る人の目だけに頼っていた。", track=Track.ESCAPE)
    invoice.why(
        "d",
        s.at(53, "10:20"),
        "宛先と添付の会社名を突き合わせる仕組みがない。",
        under="c",
        root=Factor.PROCEDURE,
        evidence="送付手順書 第5版",
    )
    invoice.promise(
        "m1",
        s.at(52, "14:00"),
        "b",
        "請求書の送付を会計ソフトの自動送付に切り替える",
        due=s.day(40),
        before="メールの宛先を手で選び、PDFを添付して送る",
        after="取引先マスタの宛先へ、会計ソフトが請求書を送る",
        strength=Strength.AUTOMATE,
        owner="tanaka",
        checker="yamaguchi",
        check_what="別の宛先に届いた請求書",
        check_threshold="30日間で0通",
        promised_outside=True,
    )
    invoice.concluded(
        s.at(51, "15:30"),
        "両社に、宛先を候補から手で選んでいたことと、自動送付への切り替え、30日後に効き目をお知らせすることを伝えた。",
    )
    invoice.done("m1", s.at(41, "16:40"), "自動送付に切り替え、対象の得意先68社への試し送りも済ませました。")
    invoice.promise(
        "m2",
        s.at(34, "14:10"),
        "d",
        "送信前に宛先と添付の会社名を照合する仕組みを入れる",
        due=s.business(-2),
        watch=90,
        before="送る人が宛先と添付を目で見比べる",
        after="会社名が合わないと送信ボタンが押せない",
        strength=Strength.IMPOSSIBLE,
        owner="tanaka",
        backup="suzuki",
        checker="yamaguchi",
        check_what="別の宛先に届いた添付つきメール",
        check_threshold="90日間で0通",
        promised_outside=True,
    )
    invoice.promise(
        "m3",
        s.at(34, "14:30"),
        "b",
        "名前の似た得意先に識別番号をつける",
        due=s.business(6),
        watch=90,
        before="候補には会社名だけが並ぶ",
        after="会社名の前に番号がつき、所在地も並ぶ",
        strength=Strength.CHECK,
        owner="suzuki",
        checker="sato",
        check_what="宛先の選び直しの数",
        check_threshold="90日間で月2件以下",
    )
    invoice.begun("m3", s.at(9, "10:00"))
    invoice.judged(
        "m1", s.at(3, "09:30"), "yamaguchi", "30日間に送った請求書204通のすべてが、正しい宛先に届いていました。"
    )
    invoice.handed("m2", s.now - timedelta(minutes=25), "sato", "月末の締めと重なるため、リーダーが引き受けます。")

    twice = Crack(
        s,
        s.at(48, "09:50"),
        "tanaka",
        "同じ請求に二度支払いの依頼を出した",
        category=Category.DOUBLE_PAYMENT,
        process="支払いの依頼",
        counterparty="東和資材株式会社 様",
        severity=Severity.S3,
        who_waits="東和資材株式会社 様",
        body="郵送とメールの両方で届いた同じ請求書に、二度支払いの依頼を出していました。二度目の分は翌月の請求と相殺していただきました。",
    )
    twice.told(41, "重ねて支払ったことをお伝えし、翌月分との相殺をお願いしました。")
    twice.line(s.at(49, "15:00"), "二度目の振込")
    twice.line(s.at(47, "11:00"), "先方から相殺を承諾する返事")
    twice.why("a", s.at(46, "10:00"), "一つの請求書が、郵送とメールの二つの道で届いていた。", evidence="受付の記録")
    twice.why("b", s.at(46, "10:05"), "請求番号が重なっても、支払いの依頼が出せてしまう。", under="a", root=Factor.TOOL)
    twice.promise(
        "m",
        s.at(45, "14:00"),
        "b",
        "振込データの二重払いチェックを会計ソフトに設定",
        due=s.day(33),
        check_on=s.last_open_day,
        before="請求番号が重なっても、そのまま依頼が通る",
        after="同じ取引先で請求番号が重なると、依頼が止まる",
        strength=Strength.IMPOSSIBLE,
        owner="tanaka",
        checker="sato",
        check_what="同じ請求番号への二度目の支払い",
        check_threshold="30日間で0件",
    )
    twice.done("m", s.at(34, "10:40"), "設定を入れ、過去三か月の請求番号でも試しました。")

    closing = Crack(
        s,
        s.at(40, "17:10"),
        "suzuki",
        "得意先ごとの締日を取りちがえて請求書を発行",
        category=Category.BILLING,
        process="請求書の発行",
        counterparty="山手電機株式会社 様",
        severity=Severity.S3,
        who_waits="山手電機株式会社 様",
        body="20日締めの得意先に、末日締めの請求書を出していました。正しい締日で出し直し、先の分は無効としていただいています。",
    )
    closing.told(38, "正しい締日の請求書を翌日10時までに送るとお伝えしました。", Channel.MAIL)
    closing.line(s.at(39, "09:40"), "正しい請求書を送付")
    closing.why("a", s.at(38, "10:00"), "締日を、得意先ごとの一覧を見て手で選んでいる。", evidence="発行の手順書")
    closing.why("b", s.at(38, "10:05"), "得意先マスタに締日の項目がない。", under="a", root=Factor.TOOL)
    closing.promise(
        "m1",
        s.at(37, "14:00"),
        "b",
        "締日を得意先マスタに持たせ、請求の画面で自動で決まるようにする",
        due=s.day(9),
        before="一覧を見て、締日を手で選ぶ",
        after="得意先を選ぶと締日が決まり、手では変えられない",
        strength=Strength.AUTOMATE,
        owner="yamaguchi",
        checker="sato",
        check_what="締日の取りちがえによる出し直し",
        check_threshold="30日間で0件",
    )
    closing.promise(
        "m2",
        s.at(20, "14:20"),
        "b",
        "月末の朝会で、その月に締日が変わる得意先を読み合わせる",
        due=s.business(4),
        before="締日の変わる得意先を、それぞれが一覧で見る",
        after="月末の朝会で、変わる得意先の名前を全員で読む",
        strength=Strength.TEACH,
        owner="sato",
        checker="suzuki",
        check_what="朝会で読み合わせた月の、締日の問い合わせ",
        check_threshold="30日間で1件以下",
    )
    closing.done("m1", s.at(10, "15:30"), "得意先114社の締日をマスタに入れました。")

    ledger = Crack(
        s,
        s.at(18, "11:30"),
        "sato",
        "受注CSVの品番が一桁欠けたまま取り込まれた",
        category=Category.TRANSCRIPTION,
        process="受注の取り込み",
        counterparty="株式会社ひので製作所 様",
        severity=Severity.S3,
        who_waits="株式会社ひので製作所 様",
        body="表計算ソフトで開き直したCSVから品番の先頭の0が落ち、別の品番として取り込まれました。出荷の前に差し替えています。",
    )
    ledger.told(39, "品番を差し替え、納期は変わらないことをお伝えしました。")
    ledger.line(s.at(18, "10:55"), "受注CSV 48行を取り込み")
    ledger.line(s.at(18, "11:50"), "48行を元のファイルと照合し、品番の欠けは3行と確認")
    ledger.why(
        "a",
        s.at(17, "10:00"),
        "取り込む前に、CSVを表計算ソフトで開いて保存し直していた。",
        evidence="ファイルの更新記録",
    )
    ledger.why(
        "b", s.at(17, "10:05"), "行を並べ替えるために、開き直す手順になっている。", under="a", root=Factor.PROCEDURE
    )
    ledger.why("c", s.at(17, "10:15"), "品番がマスタになくても、取り込みが通る。", track=Track.ESCAPE, root=Factor.TOOL)
    ledger.promise(
        "m1",
        s.at(14, "14:00"),
        "c",
        "受注CSVの取り込みに品番マスタの照合を加える",
        due=s.business(2),
        before="マスタにない品番も、そのまま取り込まれる",
        after="マスタにない品番の行は止まり、行番号と理由が出る",
        strength=Strength.IMPOSSIBLE,
        owner="sato",
        backup="yamaguchi",
        checker="tanaka",
        check_what="品番ちがいで取り込まれた行",
        check_threshold="30日間で0行",
    )
    ledger.promise(
        "m2",
        s.at(14, "14:20"),
        "b",
        "並べ替えを取り込み側で行い、CSVを開き直す手順をなくす",
        due=s.business(9),
        before="表計算ソフトで並べ替え、保存し直してから取り込む",
        after="届いたファイルをそのまま取り込む。並べ替えは画面で行う",
        strength=Strength.ELIMINATE,
        owner="yamaguchi",
        checker="sato",
        check_what="開き直してから取り込んだファイル",
        check_threshold="30日間で0件",
    )
    ledger.begun("m1", s.at(7, "13:00"))
