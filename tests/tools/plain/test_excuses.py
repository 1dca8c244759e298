"""Sentences as people write them as a why: which ask for one more why, and which must be left alone."""

from __future__ import annotations

import pytest

from tools.plain.excuses import Hint, Kind, hints, say

ENDS_THERE = [
    # a person
    ("担当者のミス", Kind.PERSON),
    ("担当者が確認を忘れた", Kind.PERSON),
    ("田中さんが宛先を間違えた", Kind.PERSON),
    ("新人が手順を守らなかったため", Kind.PERSON),
    ("本人の性格の問題", Kind.PERSON),
    ("作業者が悪かった", Kind.PERSON),
    ("パートの責任だった", Kind.PERSON),
    ("担当者は添付を見なかった", Kind.PERSON),
    ("前任者が引き継がなかった", Kind.PERSON),
    ("後任者に前任者が伝えていなかったため", Kind.PERSON),
    # not enough care
    ("うっかりしていた", Kind.CARELESS),
    ("不注意", Kind.CARELESS),
    ("不注意により宛先を間違えた", Kind.CARELESS),
    ("確認不足だった", Kind.CARELESS),
    ("確認不足のため", Kind.CARELESS),
    ("確認漏れがありました", Kind.CARELESS),
    ("チェックミスです。", Kind.CARELESS),
    ("意識が低い", Kind.CARELESS),
    ("危機感が足りなかった", Kind.CARELESS),
    ("思い込みで、別の会社を選んだ", Kind.CARELESS),
    ("ヒューマンエラーが原因", Kind.CARELESS),
    ("気が緩んでいた", Kind.CARELESS),
    ("確認が甘かった", Kind.CARELESS),
    ("ケアレスミスと思われる", Kind.CARELESS),
    ("手順を読んだが、不注意だった", Kind.CARELESS),
    # ability
    ("経験不足", Kind.ABILITY),
    ("まだ業務に慣れていなかった", Kind.ABILITY),
    ("新人だったから", Kind.ABILITY),
    ("知識不足のため", Kind.ABILITY),
    # the slip alone
    ("転記ミスでした", Kind.ACT),
    ("入力ミス", Kind.ACT),
    ("添付を忘れた", Kind.ACT),
    ("桁を見落としていた", Kind.ACT),
    ("金額を間違えてしまった", Kind.ACT),
    ("手順を守らなかった", Kind.ACT),
    ("ルールが守られていなかった", Kind.ACT),
    ("マニュアルを読んでいなかった", Kind.ACT),
    ("引き継ぎ漏れがあった", Kind.ACT),
    ("人為ミスが発生した", Kind.CARELESS),
    ("うっかりミスをした", Kind.CARELESS),
    ("急いでいたから、画面の警告を読まなかった", Kind.BUSY),
    # busy
    ("忙しかった", Kind.BUSY),
    ("月末で忙しかったため", Kind.BUSY),
    ("忙しくて確認できなかった", Kind.BUSY),
    ("業務が多忙だった", Kind.BUSY),
    ("人手不足", Kind.BUSY),
    ("人手が足りない", Kind.BUSY),
    ("月末の繁忙期だった", Kind.BUSY),
    ("時間がなかった", Kind.BUSY),
    ("急いでいたので", Kind.BUSY),
    ("疲れていた", Kind.BUSY),
    # rare
    ("めったにないことだった", Kind.RARE),
    ("滅多に起きない", Kind.RARE),
    ("たまたま", Kind.RARE),
    ("想定外だった", Kind.RARE),
    ("運が悪かった", Kind.RARE),
    ("仕方がなかった", Kind.RARE),
    # untold
    ("聞いていなかった", Kind.UNTOLD),
    ("誰からも言われていなかったため", Kind.UNTOLD),
    ("担当者が不在だった", Kind.UNTOLD),
    ("先方のミス", Kind.UNTOLD),
    # wish
    ("気をつける", Kind.WISH),
    ("もっと気をつけていれば", Kind.WISH),
    ("今後は注意する", Kind.WISH),
    ("確認を徹底する", Kind.WISH),
    ("確認を徹底していなかった", Kind.WISH),
    ("ルールが徹底されていなかった", Kind.WISH),
    ("もっと意識すべきだった", Kind.WISH),
    ("再発防止に努める", Kind.WISH),
    ("電話で確かめるべきだった", Kind.WISH),
    ("ﾁｪｯｸﾐｽです", Kind.CARELESS),
    # English
    ("Carelessness", Kind.CARELESS),
    ("It was human error.", Kind.CARELESS),
    ("lack of attention", Kind.CARELESS),
    ("He forgot to check the address", Kind.PERSON),
    ("The clerk's mistake", Kind.PERSON),
    ("We were too busy", Kind.BUSY),
    ("There was not enough time", Kind.BUSY),
    ("This happens very rarely", Kind.RARE),
    ("It was bad luck", Kind.RARE),
    ("The load was unexpected", Kind.RARE),
    ("Nobody told us", Kind.UNTOLD),
    ("We must be more careful", Kind.WISH),
    ("They should have checked", Kind.WISH),
    ("Simple typing error", Kind.ACT),
    ("New staff, lack of training", Kind.ABILITY),
]

LEADS_ON = [
    "確認画面がない",
    "担当者欄が空欄でも保存できる",
    "送る前に宛先を見る手順がない",
    "宛先の候補に取引のない会社も出る",
    "忙しい時間帯の受付手順がない",
    "繁忙期の受付手順がない",
    "人手が足りない日の分担の決まりがない",
    "前任者の宛先が引き継ぎの一覧に残っていた",
    "引き継ぎの様式に宛先の欄がない",
    "忙しい日は二人目の確認を省いてよい決まりになっている",
    "確認不足を知らせる仕組みがない",
    "不注意を前提にした画面になっていない",
    "うっかり押しても取り消せない",
    "手入力による転記ミスでした",
    "二つの台帳を手で写すため転記を間違えた",
    "似た社名が並ぶ候補から選んで間違えた",
    "不注意ではない",
    "忙しかったわけではない",
    "担当者のミスではなく、様式が二種類あった",
    "確認不足が原因ではなかった",
    "手順書に「気をつける」としか書かれていない",
    "手順書に『確認を徹底する』とだけある",
    "注意書きが小さい",
    "注意喚起の一覧が古い",
    "担当者が不在のときの代わりを決めていない",
    "担当者を決める画面がない",
    "新人向けの手順書がない",
    "教育の記録が残らない",
    "めったにない取引の入力欄がない",
    "想定外の値でも保存できる",
    "初めて使う様式に例が載っていない",
    "人手で写している",
    "手順書が二つあり、古いほうを読んでいた",
    "山田さんが休むと誰も承認できない",
    "ダブルチェックを徹底する運用の記録がない",
    "人の目だけで突き合わせている",
    "時間がない場合の手順が決まっていない",
    "意識調査の宛先が古い",
    "先方の名簿が更新されても届かない",
    "確認者と作成者が同じでも承認できる",
    "期限を本人の記憶だけで管理している",
    "ミスを見つける検査が月に一度しかない",
    "漏れを検出する突き合わせがない",
    "徹底の方法が決まっていない",
    "送信を取り消せる時間が設定されていない",
    "担当者が替わると一覧が引き継がれない",
    "通知メールが迷惑メールに入る",
    "",
    "。。。",
    "There is no screen that shows the address before sending",
    "No check that catches carelessness",
    "The form can be saved with an empty owner field",
    "It was not carelessness",
    "The manual says only “be careful”",
    'The checklist only says "pay attention"',
    "Mistyped by hand because two ledgers are kept",
    "No rule for the busy season",
    "A pull request unexpectedly triggers the pipeline",
    "Request headers differ after the migration because the form drops them",
    "The list of new customers is updated monthly",
]


@pytest.mark.parametrize(("text", "kind"), ENDS_THERE)
def test_why_that_ends_there_is_asked_on(text, kind):
    assert [one.kind for one in hints(text)] == [kind]


@pytest.mark.parametrize("text", LEADS_ON)
def test_why_that_leads_on_is_left_alone(text):
    assert hints(text) == []


def test_words_are_the_writers_own():
    assert hints("月末。担当者が確認を忘れた。") == [Hint(Kind.PERSON, "担当者が確認を忘れた")]
    assert hints("確認不足だった。忙しかった。") == [Hint(Kind.CARELESS, "確認不足"), Hint(Kind.BUSY, "忙しかった")]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", ["ja", "en"])
def test_each_kind_asks_a_question_in_both_languages(kind, language):
    said = say(Hint(kind, "x"), language)
    assert "x" in said.reason
    assert said.question.endswith("。" if language == "ja" else "?") or "？" in said.question


def test_confirmation_that_rested_on_eyes_is_asked_about():
    (hint,) = hints("確認不足")
    assert say(hint, "ja").question == "なぜ、そこは人の目と注意だけに頼っていたのでしょう。"


def test_another_person_in_the_same_place_mends_nothing():
    """That is why a cause does not end at somebody (A-7); it is not the change of people that brings it about."""
    hint = Hint(Kind.PERSON, "担当者のミス")
    assert say(hint, "ja").reason == "「担当者のミス」で止まると、その方が代わっても、同じことが起こりえます。"
    assert "the same can still happen when somebody else is in that place" in say(hint, "en").reason


def test_long_text_is_read_quickly():
    assert hints("担当者が" + "あ" * 200_000) == []
    assert hints("確" * 50_000) == []
    assert isinstance(hints("担当者が忘れ" * 2000), list)
