"""Facts on the pages: a wrong first guess stays and leaves the facts, what is unknown becomes a question, lines are taken over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.domain import check, containment, incident, paste, question, timeline
from incidents.enums import Certainty, EntryKind, FollowUpState, Stage, Verdict
from incidents.models import Containment, EffectCheck, Question, TimelineEntry
from incidents.queries.timeline import TimelineFilters, facts_of, lines_of, timeline_page
from tests.conftest import at

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def shown(page) -> list[str]:
    return [line.entry.text for line in page.object_list]


@pytest.fixture
def lines(clock, crack, bob):
    """A guess that proves wrong, an estimate that proves right, something unknown; written in another order than it happened."""
    add = lambda text, **more: timeline.record(crack, by=bob, text=text, **{"event_at": None} | more)  # noqa: E731
    made = {
        "unknown": add("何通出たか", certainty=Certainty.UNKNOWN),
        "late": add("先方から電話", event_at=at("2026-11-24 09:20")),
        "guess": add("宛先の打ちまちがい", event_at=at("2026-11-24 09:00"), certainty=Certainty.ESTIMATE),
        "right": add("添付は見積書", event_at=at("2026-11-24 09:10"), certainty=Certainty.ESTIMATE),
    }
    timeline.amend(made["guess"], by=bob, text="控えでは宛先は正しかった", verdict=Verdict.REFUTED)
    timeline.amend(made["right"], by=bob, text="控えを見た", verdict=Verdict.CONFIRMED)
    return made


def test_wrong_first_guess_stays_and_leaves_the_facts(lines, crack, client_of, bob):
    client = client_of(bob)
    whole = client.get(f"/incidents/{crack.reference}/timeline/").content.decode()
    facts = client.get(f"/incidents/{crack.reference}/timeline/?show=facts").content.decode()
    record = client.get(crack.get_absolute_url()).content.decode()

    for page in (whole, record):
        assert "<s>宛先の打ちまちがい</s>" in page
        assert "事実ではなかった" in page
    assert "宛先の打ちまちがい" not in facts
    assert "控えでは宛先は正しかった" in facts  # what refuted it is a fact
    assert "事実と確認" in facts
    assert "何通出たか" not in facts.split('id="list"')[1].split("</section>")[0]


def test_facts_for_reports_hold_what_stands(lines, crack):
    assert [one.text for one in facts_of(TimelineEntry.objects.filter(incident=crack))] == [
        "控えでは宛先は正しかった",
        "添付は見積書",
        "控えを見た",
        "見積書を別の会社に送った",
        "先方から電話",
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["宛先の", "添付は", "見積書", "先方か", "何通出"]),
        ({"order": "-event"}, ["先方か", "見積書", "添付は", "宛先の", "何通出"]),
        ({"order": "recorded"}, ["見積書", "何通出", "先方か", "宛先の", "添付は"]),
        ({"order": "-recorded"}, ["添付は", "宛先の", "先方か", "何通出", "見積書"]),
        ({"show": "facts"}, ["控えで", "添付は", "見積書", "先方か"]),
        ({"show": "refuted"}, ["宛先の"]),
        ({"show": "unknown"}, ["何通出"]),
        ({"show": "estimate"}, []),
        ({"addenda": "with"}, ["宛先の", "添付は"]),
        ({"addenda": "without", "kind": "note"}, ["見積書", "先方か", "何通出"]),
        ({"kind": "proof"}, []),
    ],
)
def test_timeline_is_sorted_and_filtered(lines, crack, filters, expected):
    assert [text[:3] for text in shown(timeline_page(crack, TimelineFilters(**filters)))] == expected


def test_long_timeline_is_paged_and_printed_whole(crack, bob, client_of, django_assert_num_queries):
    TimelineEntry.objects.bulk_create(TimelineEntry(incident=crack, text=f"できごと {n}") for n in range(250))
    with django_assert_num_queries(1):
        first = timeline_page(crack, TimelineFilters())
        assert (len(first.object_list), first.paginator.num_pages) == (100, 3)
    with django_assert_num_queries(1):
        assert len(timeline_page(crack, TimelineFilters(), whole=True).object_list) == 251
    page = client_of(bob).get(f"/incidents/{crack.reference}/timeline/?all=1").content.decode()
    assert page.count('<li class="') >= 251
    assert "data-print" in page


def test_printed_dates_are_complete(lines, crack, bob, client_of):
    page = client_of(bob).get(f"/incidents/{crack.reference}/timeline/").content.decode()
    assert "2026年11月24日（火） 09:20" in page


@pytest.mark.parametrize("query", ["show=x&order=y&kind=z&addenda=w", "page=abc&all=2", "show=%00", "order=-event__x"])
def test_timeline_answers_any_query(lines, crack, bob, client_of, query):
    assert client_of(bob).get(f"/incidents/{crack.reference}/timeline/?{query}").status_code == 200


def test_addendum_by_page_and_in_place(lines, crack, bob, client_of):
    url = f"/entries/{lines['unknown'].pk}/addendum/"
    plain, fragment = client_of(bob), client_of(bob, **HTMX)
    assert "<!doctype html>" in plain.get(url).content.decode()
    answer = plain.post(url, {"text": "2通", "verdict": "", "certainty": "estimate"})
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{crack.get_absolute_url()}#entry-{lines['unknown'].pk}",
    )

    form = fragment.get(url).content.decode()
    assert ("<!doctype html>" in form, "<form" in form) == (False, True)
    line = fragment.post(url, {"text": "1通だけ", "verdict": "confirmed", "certainty": "fact"}).content.decode()
    assert line.strip().startswith('<li class=" fact" id="entry-')
    assert "事実と確認" in line
    again = fragment.post(url, {"text": " ", "verdict": "", "certainty": "fact"})
    assert again.headers["HX-Retarget"] == f"#addendum-{lines['unknown'].pk}"
    assert "is-invalid" in again.content.decode()
    assert [e.verdict for e in TimelineEntry.objects.filter(addendum_to=lines["unknown"])] == ["", "confirmed"]


def test_unknown_line_becomes_a_question_with_an_owner(lines, crack, bob, alice, client_of):
    client = client_of(bob)
    page = client.get(crack.get_absolute_url()).content.decode()
    url = f"/incidents/{crack.reference}/questions/new/?entry={lines['unknown'].pk}"
    assert url in page
    assert f"entry={lines['late'].pk}" not in page  # a fact needs no question
    form = client.get(url).context["form"]
    assert (form["text"].value(), form["due_on"].value()) == ("何通出たか", at("2026-11-27 00:00").date())

    answer = client.post(url, {"text": "何通出たか", "owner": alice.pk, "due_on": "2026-12-01"})
    assert answer.headers["Location"] == f"{crack.get_absolute_url()}#questions"
    made = Question.objects.get()
    assert (made.entry, made.follow_up.owner, made.follow_up.due_on.isoformat()) == (
        lines["unknown"],
        alice,
        "2026-12-01",
    )
    client.post(f"/questions/{made.pk}/answer/", {"answer": "1通だけ", "verdict": "confirmed"})
    made = Question.objects.select_related("follow_up").get()
    assert (made.answer, made.follow_up.state) == ("1通だけ", FollowUpState.KEPT)
    (line,) = [one for one in lines_of(TimelineEntry.objects.filter(incident=crack)) if one.entry == lines["unknown"]]
    assert line.standing == Certainty.FACT
    assert "1通だけ" in client.get(crack.get_absolute_url()).content.decode()


def test_question_to_another_records_line_is_about_nothing(lines, team, bob, client_of, clock):
    other = incident.report(by=bob, team=team, title="別の件", noticed_at=clock.now)
    client_of(bob).post(
        f"/incidents/{other.reference}/questions/new/?entry={lines['unknown'].pk}",
        {"text": "x", "owner": bob.pk, "due_on": "2026-12-01"},
    )
    assert Question.objects.get().entry is None


def test_question_goes_on_when_its_record_has_ended(lines, crack, bob, client_of, clock):
    made = question.ask(crack, by=bob, text="何通", owner=bob, due_on=clock.today)
    incident.end_otherwise(crack, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    page = client_of(bob).get(crack.get_absolute_url()).content.decode()
    assert f"/questions/{made.pk}/answer/" in page


def test_pasted_lines_are_marked_and_taken_over_once(clock, crack, bob, client_of):
    clock.forward(hours=1)
    client = client_of(bob)
    raw = "10:12 青木商事様からお電話\r\n\r\n佐藤 美咲  10:15\r\n送ったのは1通だけ\r\n"
    answer = client.post(f"/incidents/{crack.reference}/paste/", {"text": raw})
    url = answer.headers["Location"]
    page = client.get(url)
    assert [(r.source.line.number, r.source.line.who, r["at"].value()) for r in page.context["form"].rows] == [
        (1, "", "2026-11-24T10:12"),
        (3, "佐藤 美咲", "2026-11-24T10:15"),
        (4, "佐藤 美咲", "2026-11-24T10:15"),
    ]

    broken = client.post(url, {"1-take": "on", "1-certainty": "fact", "1-at": "昨日"})
    assert "is-invalid" in broken.content.decode() or "invalid-feedback" in broken.content.decode()
    assert TimelineEntry.objects.exclude(paste=None).count() == 0
    client.post(
        url,
        {
            "1-take": "on",
            "1-certainty": "fact",
            "1-at": "2026-11-24T10:12",
            "3-at": "昨日",  # not chosen: nobody's claim
            "4-take": "on",
            "4-certainty": "estimate",
            "4-at": "",
        },
    )
    taken = TimelineEntry.objects.exclude(paste=None).order_by("paste_line")
    assert [(e.text, e.certainty, e.event_at, e.event_at_text, e.paste_line) for e in taken] == [
        ("青木商事様からお電話", "fact", at("2026-11-24 10:12"), "10:12", 1),
        ("佐藤 美咲: 送ったのは1通だけ", "estimate", None, "10:15", 4),
    ]
    page = client.get(url).content.decode()
    assert page.count("経緯に入りました") == 2
    # Django's form hands line ends on as they came; the text that is kept is what was pasted.
    assert taken[0].paste.text == raw
    again = client.post(url, {"1-take": "on", "1-certainty": "fact", "1-at": ""})
    assert "入れる行が選ばれていません。" in again.content.decode()
    assert TimelineEntry.objects.exclude(paste=None).count() == 2


def test_thousand_lines_are_taken_in_pages(clock, crack, bob, client_of, django_assert_max_num_queries):
    kept = paste.keep(crack, by=bob, text="\n".join(f"08:{n % 60:02} 行{n}" for n in range(1000)))
    client = client_of(bob)
    with django_assert_max_num_queries(12):
        page = client.get(f"/pastes/{kept.pk}/?line=950").context["page"]
    assert (page.number, page.paginator.num_pages, len(page.object_list)) == (10, 10, 100)
    data = {}
    for row in client.get(f"/pastes/{kept.pk}/?page=2").context["form"].rows:
        data |= {f"{row.prefix}-take": "on", f"{row.prefix}-certainty": "fact", f"{row.prefix}-at": row["at"].value()}
    client.post(f"/pastes/{kept.pk}/?page=2", data)
    assert TimelineEntry.objects.filter(paste=kept).count() == 100


def test_same_text_is_kept_once(crack, bob):
    one, two = (paste.keep(crack, by=bob, text="10:12 電話") for _ in range(2))
    assert one == two


def test_containment_is_written_and_lifted_on_the_page(crack, bob, vera, client_of):
    client = client_of(bob)
    client.post(f"/incidents/{crack.reference}/containment/", {"text": "出荷を止めた", "done_at": "2020-01-01T10:00"})
    made = Containment.objects.get()
    page = client.get(crack.get_absolute_url()).content.decode()
    assert f"/containments/{made.pk}/lift/" in page
    refused = client.post(f"/incidents/{crack.reference}/containment/", {"text": "x", "done_at": "2090-01-01T10:00"})
    assert "行った時刻が未来になっています。" in refused.content.decode()
    client.post(f"/containments/{made.pk}/lift/", {"note": "検品が済んだ"})
    page = client.get(crack.get_absolute_url()).content.decode()
    assert ("<s>出荷を止めた</s>" in page, "検品が済んだ" in page) == (True, True)
    assert f"/containments/{made.pk}/lift/" not in page
    assert (
        f"/incidents/{crack.reference}/containment/"
        not in client_of(vera).get(crack.get_absolute_url()).content.decode()
    )


def test_imported_line_without_an_author_is_shown(crack, bob, client_of):
    TimelineEntry.objects.create(incident=crack, text="取り込み", kind=EntryKind.IMPORTED)
    assert "取り込み" in client_of(bob).get(crack.get_absolute_url()).content.decode()


def test_viewer_reads_a_pasted_text_and_marks_nothing(crack, bob, vera, client_of):
    kept = paste.keep(crack, by=bob, text="10:12 電話")
    page = client_of(vera).get(f"/pastes/{kept.pk}/")
    assert (page.status_code, 'type="checkbox"' in page.content.decode()) == (200, False)
    assert client_of(vera).post(f"/pastes/{kept.pk}/", {"1-take": "on"}).status_code == 403


def test_lifted_by_page_only_once(clock, crack, bob, client_of):
    made = containment.record(crack, by=bob, text="止めた", done_at=clock.now - timedelta(hours=1))
    client = client_of(bob)
    client.post(f"/containments/{made.pk}/lift/", {"note": "済み"})
    assert "もう解かれています" in client.post(f"/containments/{made.pk}/lift/", {"note": "済み"}).content.decode()


def test_refuted_line_of_a_long_timeline_does_not_look_like_a_fact_again(crack, bob, client_of):
    guess = timeline.record(crack, by=bob, text="はじめの推測", event_at=at("2026-01-01 09:00"), certainty="estimate")
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=crack, text=f"できごと {n}", event_at=at("2026-02-01 09:00")) for n in range(120)
    )
    timeline.amend(guess, by=bob, text="ちがった", verdict=Verdict.REFUTED)
    page = client_of(bob).get(crack.get_absolute_url())
    assert [line.refuted for line in page.context["timeline"] if line.entry == guess] == [True]
    assert len(page.context["timeline"]) == 100
    assert "長いので、はじめの100行までを出しています。" in page.content.decode()


def test_long_paste_in_japanese_is_kept(crack, bob, client_of):
    raw = "\n".join(f"10:{n % 60:02} " + "確認しました。" * 20 for n in range(2000))  # 300,000 letters, 900 kB
    client = client_of(bob)
    answer = client.post(f"/incidents/{crack.reference}/paste/", {"text": raw[:300_000]})
    assert answer.status_code == 302
    assert client.get(answer.headers["Location"]).context["page"].paginator.num_pages > 10
    over = client.post(f"/incidents/{crack.reference}/paste/", {"text": "確" * 300_001})
    assert (over.status_code, "is-invalid" in over.content.decode()) == (200, True)


def test_mended_record_without_questions_shows_no_empty_parts(story, bob, client_of):
    done = story.done()
    check.record_outcome(EffectCheck.objects.get(measure=done), by=story.alice, outcome="effective", note="0件")
    page = client_of(bob).get(done.incident.get_absolute_url()).content.decode()
    assert ('id="containment"' in page, 'id="questions"' in page) == (False, False)


def test_a_draft_of_one_lines_question_is_not_put_into_anothers(lines, crack, client_of, bob):
    """The draft waits in the browser under the form's key; a shared key would ask one line's words of another line."""
    client, path = client_of(bob), f"/incidents/{crack.reference}/questions/new/"
    pages = [
        client.get(f"{path}{query}").content.decode()
        for query in (f"?entry={lines['unknown'].pk}", f"?entry={lines['late'].pk}", "")
    ]
    keys = {page.split('data-draft="question-')[1].split('"')[0] for page in pages}
    assert len(keys) == 3
