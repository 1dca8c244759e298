"""Causes on the pages: quick adding, hints that never refuse, taking back, the read-back and the drawings with their twins."""

from __future__ import annotations

import json
import re

import pytest

from incidents.domain import cause
from incidents.enums import Factor, Language, Track
from incidents.models import RootCause, Why
from incidents.queries.cause import cause_page
from tests.shared import shared

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def tree(clock, crack, bob):
    """Two tracks, three roots, one why that was withdrawn."""
    ask = lambda text, parent=None, **more: cause.ask_why(crack, by=bob, text=text, parent=parent, **more)  # noqa: E731
    first = ask("候補から似た社名を選んだ")
    tool = ask("候補に取引のない会社も出る。", first, evidence="画面の写し")
    info = ask("名簿を消す決まりがない", first)
    escape = ask("送る前に誰も見ない", track=Track.ESCAPE)
    wrong = ask("夜遅くの作業だった", first)
    cause.mark_root(tool, by=bob, factor=Factor.TOOL)
    cause.mark_root(info, by=bob, factor=Factor.INFORMATION)
    cause.mark_root(escape, by=bob, factor=Factor.PROCEDURE)
    cause.withdraw_why(wrong, by=bob, reason="送信は午前だった")
    return {"first": first, "tool": tool, "info": info, "escape": escape, "wrong": wrong}


def test_each_why_comes_back_with_the_form_for_the_next_one_under_it(crack, bob, client_of):
    client = client_of(bob, **HTMX)
    for text in ("一つめ", "二つめ", "三つめ"):
        last = Why.objects.order_by("pk").last()
        page = client.post(
            f"/incidents/{crack.reference}/whys/",
            {"text": text, "parent": last.pk if last else "", "track": "occurrence", "evidence": ""},
        )
        form = page.context["why_form"]
        assert (form["parent"].value(), form.is_bound) == (Why.objects.order_by("pk").last().pk, False)
        body = page.content.decode()
        assert re.search(r'<details class="add" id="why-add" open>', body)
        assert re.search(r'id="why-text"[^>]*autofocus|autofocus[^>]*id="why-text"', body)
    assert [(w.text, w.parent and w.parent.text) for w in Why.objects.order_by("pk")] == [
        ("一つめ", None),
        ("二つめ", "一つめ"),
        ("三つめ", "二つめ"),
    ]


def test_link_on_a_why_presets_its_parent(tree, crack, bob, client_of):
    client = client_of(bob)
    page = client.get(f"{crack.get_absolute_url()}?under={tree['first'].pk}")
    assert page.context["why_form"]["parent"].value() == tree["first"].pk
    for odd in (tree["wrong"].pk, "x", "99999999999999999999"):
        assert client.get(f"{crack.get_absolute_url()}?under={odd}").status_code == 200


def test_withdrawn_why_is_struck_with_its_reason_and_is_no_parent(tree, crack, bob, client_of):
    page = client_of(bob).get(crack.get_absolute_url()).content.decode()
    assert "<s>夜遅くの作業だった</s>" in page
    assert "取り下げた理由: 送信は午前だった" in page
    options = re.search(r'<select name="parent".*?</select>', page, re.DOTALL)[0]
    assert ("候補から似た社名" in options, "夜遅く" in options) == (True, False)


def test_why_and_mark_are_taken_back_on_their_pages(tree, crack, bob, client_of):
    client = client_of(bob)
    root = RootCause.objects.get(why=tree["info"])
    assert client.post(f"/roots/{root.pk}/unmark/", {"reason": " "}).status_code == 200
    answer = client.post(f"/roots/{root.pk}/unmark/", {"reason": "まだ下がある"})
    assert answer.headers["Location"] == f"{crack.get_absolute_url()}#causes"
    page = client.get(crack.get_absolute_url()).content.decode()
    assert "真因の印を外した理由: まだ下がある" in page
    assert (
        "先に真因の印を外してください。"
        in client.post(f"/whys/{tree['first'].pk}/withdraw/", {"reason": "ちがう"}).content.decode()
    )
    client.post(f"/whys/{tree['info'].pk}/withdraw/", {"reason": "名簿は無関係だった"})
    tree["info"].refresh_from_db()
    assert tree["info"].withdrawn_reason == "名簿は無関係だった"


def test_hint_asks_on_and_refuses_nothing(crack, bob, client_of):
    client = client_of(bob)
    url = f"/incidents/{crack.reference}/whys/hint/"
    live = client_of(bob, **HTMX).post(url, {"text": "担当者の確認不足だった"}).content.decode()
    assert "なぜ、そこは人の目と注意だけに頼っていたのでしょう。" in live
    assert client_of(bob, **HTMX).post(url, {"text": "確認画面がない"}).content.decode().strip() == ""
    client.post(f"/incidents/{crack.reference}/whys/", {"text": "確認不足", "track": "occurrence"})
    assert Why.objects.get().text == "確認不足"
    assert (
        "なぜ、そこは人の目と注意だけに頼っていたのでしょう。" in client.get(crack.get_absolute_url()).content.decode()
    )
    client.post(
        f"/incidents/{crack.reference}/whys/",
        {"text": "確認する画面がない", "track": "occurrence", "parent": Why.objects.get().pk},
    )
    # It does not end there any more.
    assert "人の目と注意だけ" not in client.get(crack.get_absolute_url()).content.decode()


def test_hint_speaks_the_readers_language(crack, bob, client_of):
    bob.language = Language.ENGLISH
    bob.save()
    url = f"/incidents/{crack.reference}/whys/hint/"
    live = client_of(bob, **HTMX).post(url, {"text": "確認不足"}).content.decode()
    assert "Why did it rest on people&#x27;s eyes and attention alone?" in live


def test_root_whose_factor_is_a_person_is_asked_about(crack, bob, client_of):
    why = cause.ask_why(crack, by=bob, text="夜勤の引き継ぎで伝わらない")
    answer = client_of(bob, **HTMX).post(f"/whys/{why.pk}/root-cause/", {"factor": "person"}).content.decode()
    assert "ほかの方なら起きなかったか、もう一つ問うてみてください。" in answer
    assert "要因が「人」で終わると、人が代わっても、同じことが起こりえます。" in answer


def test_a_factor_is_chosen_and_never_stands_there_by_itself(crack, bob, client_of):
    """It cannot be changed by a click once a measure leans on the root; the first of the list would be many a slip."""
    why = cause.ask_why(crack, by=bob, text="送る前に宛先を見る手順がない")
    client, path = client_of(bob), f"/whys/{why.pk}/root-cause/"
    picker = (
        client.get(crack.get_absolute_url()).content.decode().split(f'id="factor-{why.pk}"')[1].split("</select>")[0]
    )
    assert picker.startswith(' required><option value="">') and "selected" not in picker
    assert "要因が選ばれていません" in client.post(path, {"factor": ""}, follow=True).content.decode()
    assert not crack.roots.exists()

    root = cause.mark_root(why, by=bob, factor=Factor.PROCEDURE)
    cause.reopen(root, by=bob, reason="効かなかった")
    assert '<option value="procedure" selected>' in client.get(crack.get_absolute_url()).content.decode()


def test_factors_stand_with_tools_and_procedures_before_people(crack, bob, client_of):
    cause.ask_why(crack, by=bob, text="候補から選ぶ")
    page = client_of(bob).get(crack.get_absolute_url()).content.decode()
    picker = re.search(r'<select class="form-select form-select-sm" name="factor".*?</select>', page, re.DOTALL)[0]
    assert re.findall(r'value="(\w+)"', picker) == [
        "tool",
        "procedure",
        "information",
        "environment",
        "management",
        "person",
    ]


def test_each_chain_is_read_back_from_its_root(tree, crack):
    assert [(chain.track, chain.steps) for chain in cause_page(crack).chains] == [
        ("occurrence", ["候補に取引のない会社も出る", "候補から似た社名を選んだ", "見積書を別の会社に送った"]),
        ("occurrence", ["名簿を消す決まりがない", "候補から似た社名を選んだ", "見積書を別の会社に送った"]),
        ("escape", ["送る前に誰も見ない", "見積書を別の会社に送った"]),
    ]


def test_page_of_causes_reads_draws_and_says_the_same_in_words(tree, crack, vera, client_of):
    page = client_of(vera).get(f"/incidents/{crack.reference}/causes/").content.decode()
    words = re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page))
    assert "候補に取引のない会社も出る。だから、候補から似た社名を選んだ。だから、見積書を別の会社に送った。" in words
    assert page.count('role="img"') == 2
    assert ("<title" in page, "<desc" in page) == (True, True)
    drawn = re.findall(r'<g class="node (\w+)">', page)
    assert sorted(drawn) == sorted(["head", "track", "track", "root", "root", "root", "why"])
    twin = page.split('class="tree-twin')[1].split("</ol>")[0]
    for why in tree.values():
        assert why.text.rstrip("。") in twin
    table = page.split("<tbody>")[1].split("</tbody>")[0]
    assert re.findall(r'<th scope="row"[^>]*>(\w+)</th>', table) == ["道具", "手順", "情報", "環境", "管理", "人"]
    assert "送る前に誰も見ない" in table
    assert "style=" not in page.split("<main")[1]


def test_page_of_causes_costs_one_query_for_the_tree(tree, crack, django_assert_num_queries):
    for n in range(30):
        Why.objects.create(incident=crack, parent=tree["first"], text=f"なぜ {n}")
    with django_assert_num_queries(1):
        cause_page(crack)


def test_empty_page_of_causes_offers_the_first_step(crack, bob, client_of):
    assert "なぜが、まだありません。" in client_of(bob).get(f"/incidents/{crack.reference}/causes/").content.decode()


def test_very_deep_chain_is_shown_and_cut_in_the_drawing_alone(crack, bob, client_of):
    parent = None
    for n in range(60):
        parent = Why.objects.create(incident=crack, parent=parent, text=f"なぜ {n}")
    page = client_of(bob).get(f"/incidents/{crack.reference}/causes/").content.decode()
    assert "図に入りきらない 49 件は、一覧にあります。" in page
    assert "なぜ 59" in page


def test_words_of_a_why_are_escaped_in_the_drawing(crack, bob, client_of):
    why = cause.ask_why(crack, by=bob, text="</text><script>alert(1)</script>")
    cause.mark_root(why, by=bob, factor=Factor.TOOL)
    assert "<script>alert" not in client_of(bob).get(f"/incidents/{crack.reference}/causes/").content.decode()


def test_big_list_of_naughty_strings_is_drawn_and_read_as_text(crack, bob, client_of):
    strings = [one for one in json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8")) if one.strip()]
    client = client_of(bob)
    for n in range(0, len(strings), 40):
        for text in strings[n : n + 40]:
            if "\x00" not in text:
                RootCause.objects.create(
                    why=Why.objects.create(incident=crack, text=text), incident=crack, factor=Factor.TOOL
                )
        for url in (crack.get_absolute_url(), f"/incidents/{crack.reference}/causes/"):
            page = client.get(url)
            assert page.status_code == 200
            assert "<script>alert" not in page.content.decode()
        RootCause.objects.all().delete()
        Why.objects.all().delete()
