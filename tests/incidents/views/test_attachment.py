"""Handing in files by the page and getting them back: who may, what is said, and with which headers."""

from __future__ import annotations

import errno

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from incidents.domain import attachment, reader
from incidents.models import Attachment, Countermeasure
from tests.incidents.domain.test_attachment import received
from tests.incidents.gateways.test_filetype import REFUSED, TAKEN
from tests.made_files import MZ, PDF, PNG
from ushiro.uploads import BoundedHandler

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/html")  # what a browser says is not believed


def send(client, incident, *files):
    return client.post(reverse("incident-files", args=[incident.reference]), {"files": list(files)})


def said(answer) -> str:
    return answer.content.decode()


def test_files_are_handed_in_and_stand_on_the_page(client_of, bob, crack):
    client = client_of(bob)
    answer = send(client, crack, file("見積書.pdf", PDF), file("画面.png", PNG))

    assert answer.headers["Location"] == f"{crack.get_absolute_url()}#attachments"
    shown = said(client.get(crack.get_absolute_url()))
    assert "2 個のファイルを添えました: 見積書.pdf、画面.png" in shown
    for one in Attachment.objects.all():
        assert f'href="/attachments/{one.pk}/"' in shown and one.name in shown


def test_one_refused_file_stops_no_other_and_says_why(client_of, bob, crack):
    answer = send(client_of(bob), crack, file("a.pdf", PDF), file("b.exe", MZ), file("c.png", PDF), file("d.png", PNG))

    shown = said(answer)
    assert [one.name for one in Attachment.objects.all()] == ["a.pdf", "d.png"]
    assert "2 個のファイルを添えました: a.pdf、d.png" in shown
    assert "「b.exe」: プログラムか" in shown
    assert "「c.png」: 名前の終わりと中身が合いません。中身は PDF です。" in shown
    assert "a.pdf」" not in shown


def test_second_press_and_second_person_leave_one_row(client_of, alice, bob, crack):
    for person in (bob, bob, alice):
        answer = send(client_of(person), crack, file("見積書.pdf", PDF))
        assert answer.status_code == 302
    assert Attachment.objects.count() == 1
    shown = said(client_of(alice).get(crack.get_absolute_url()))
    assert "見積書.pdf" in shown and "2 個" not in shown


def test_nothing_chosen_is_a_sentence_beside_the_field(client_of, bob, crack):
    assert "ファイルを選んでください。" in said(send(client_of(bob), crack))


def test_name_of_the_file_is_shown_harmless(client_of, bob, crack):
    client = client_of(bob)
    send(client, crack, file("<img src=x onerror=alert(1)>.pdf", PDF), file("../../x\u202efdp.png", PNG))

    assert [one.name for one in Attachment.objects.all()] == ["_img src=x onerror=alert(1)_.pdf", "xfdp.png"]
    assert "<img src=x" not in said(client.get(crack.get_absolute_url()))


def test_viewer_reads_and_hands_in_nothing(client_of, bob, vera, crack):
    made, _ = attachment.keep(crack, by=bob, received=received())
    client = client_of(vera)

    assert send(client, crack, file("b.png", PNG)).status_code == 403
    assert client.get(f"/attachments/{made.pk}/").status_code == 200
    assert client.post(f"/attachments/{made.pk}/withdraw/", {"reason": "x"}).status_code == 403
    shown = said(client.get(crack.get_absolute_url()))
    assert "見積書.pdf" in shown and 'type="file"' not in shown and "/withdraw/" not in shown


def test_stranger_finds_nothing(client_of, bob, carol, dave, admin, crack):
    made, _ = attachment.keep(crack, by=bob, received=received())
    for person in (carol, admin):
        client = client_of(person)
        assert client.get(f"/attachments/{made.pk}/").status_code == 404
        assert client.post(f"/attachments/{made.pk}/withdraw/", {"reason": "x"}).status_code == 404
        assert send(client, crack, file("b.png", PNG)).status_code == 404
    assert client_of(dave).get(f"/attachments/{made.pk}/").status_code == 302
    assert Attachment.objects.get().withdrawn_at is None


def test_file_of_a_restricted_record_is_there_for_its_readers_alone(client_of, alice, bob, vera, crack):
    made, _ = attachment.keep(crack, by=bob, received=received())
    reader.restrict(crack, by=alice, readers=[alice])
    url = f"/attachments/{made.pk}/"

    assert client_of(vera).get(url).status_code == 404
    assert client_of(bob).get(url).status_code == 200
    reader.restrict(crack, by=alice, readers=[alice, vera])
    assert client_of(vera).get(url).status_code == 200


def test_withdrawn_file_is_opened_by_a_lead_alone(client_of, alice, bob, vera, crack):
    made, _ = attachment.keep(crack, by=bob, received=received())
    client = client_of(bob)
    assert client.post(f"/attachments/{made.pk}/withdraw/", {"reason": "別の会社のもの"}).status_code == 302

    shown = said(client.get(crack.get_absolute_url()))
    assert "<s>見積書.pdf</s>" in shown and "別の会社のもの" in shown and f"/attachments/{made.pk}/" not in shown
    assert [client_of(p).get(f"/attachments/{made.pk}/").status_code for p in (alice, bob, vera)] == [200, 403, 403]


# Getting it back ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "data", "media_type"), TAKEN, ids=[one[0] for one in TAKEN])
def test_whatever_is_taken_comes_back_whole_and_is_never_shown(client_of, bob, crack, name, data, media_type):
    made, _ = attachment.keep(crack, by=bob, received=received(name, data))
    answer = client_of(bob).get(f"/attachments/{made.pk}/")

    assert b"".join(answer.streaming_content) == data
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Type"] in {media_type, "application/octet-stream"}
    assert not answer.headers["Content-Type"].startswith(("text/", "message/", "image/svg"))


def test_whatever_is_refused_leaves_no_row(client_of, bob, crack):
    client = client_of(bob)
    for name, data, _code in REFUSED:
        if data:  # the browser's form says an empty file by itself
            answer = send(client, crack, file(name, data))
            assert (answer.status_code, "alert" in said(answer) or "invalid" in said(answer)) == (200, True), name
    assert not Attachment.objects.exists()


def test_japanese_name_goes_out_in_both_forms(client_of, bob, crack):
    made, _ = attachment.keep(crack, by=bob, received=received("見積 書\"1'.pdf"))
    answer = client_of(bob).get(f"/attachments/{made.pk}/")
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"__ __1'.pdf\"; filename*=UTF-8''%E8%A6%8B%E7%A9%8D%20%E6%9B%B8_1%27.pdf"
    )


def test_download_is_read_only(client_of, bob, crack):
    made, _ = attachment.keep(crack, by=bob, received=received())
    assert client_of(bob).post(f"/attachments/{made.pk}/").status_code == 405
    assert client_of(bob).head(f"/attachments/{made.pk}/").status_code == 200


def test_lost_bytes_are_a_sentence_and_no_fault(client_of, bob, crack, media):
    made, _ = attachment.keep(crack, by=bob, received=received())
    (media / made.file.name).unlink()
    answer = client_of(bob).get(f"/attachments/{made.pk}/", follow=True)
    assert "「見積書.pdf」の中身が置き場所に見つかりません。" in said(answer)


# Too much, and no room ------------------------------------------------------------------------


def test_too_large_a_file_is_told_beside_the_others(client_of, bob, crack, settings):
    settings.UPLOAD_FILE_BYTES = 100_000
    answer = send(client_of(bob), crack, file("大.txt", b"a" * 100_001), file("小.pdf", PDF))
    assert "「大.txt」: 大きすぎます。" in said(answer)
    assert [one.name for one in Attachment.objects.all()] == ["小.pdf"]


def test_too_large_a_request_is_a_calm_page(client_of, bob, crack, settings):
    settings.UPLOAD_REQUEST_BYTES = 1024
    answer = send(client_of(bob), crack, file("大.txt", b"a" * 2000))
    assert (answer.status_code, Attachment.objects.count()) == (413, 0)
    assert "一度に送れる大きさを超えています" in said(answer) and "全部で 0 MB まで" in said(answer)


def test_too_many_files_at_once_are_a_calm_page(client_of, bob, crack):
    answer = send(client_of(bob), crack, *[file(f"{n}.txt", b"a") for n in range(11)])
    assert (answer.status_code, "一度に送れるファイルは 10 個まで" in said(answer)) == (400, True)
    assert not Attachment.objects.exists()


def test_file_of_the_largest_size_is_taken(client_of, bob, crack, settings):
    settings.UPLOAD_FILE_BYTES = 3 * 1024 * 1024  # above what Django would take of other data
    assert send(client_of(bob), crack, file("a.txt", b"a" * settings.UPLOAD_FILE_BYTES)).status_code == 302


def test_quota_is_told_with_the_file(client_of, bob, crack, settings):
    settings.ATTACHMENT_TEAM_BYTES = 10
    assert "チームのファイルの置き場所がいっぱいです" in said(send(client_of(bob), crack, file("a.pdf", PDF)))


def test_place_that_cannot_be_written_is_a_sentence(client_of, bob, crack, media):
    media.write_text("in the way")
    answer = send(client_of(bob), crack, file("a.pdf", PDF))
    assert (answer.status_code, "ファイルの置き場所に書き込めません。" in said(answer)) == (200, True)
    assert not Attachment.objects.exists()


def test_full_disk_while_the_bytes_come_in_is_a_sentence(client_of, bob, crack, monkeypatch):
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    def new_file(self, *args, **kwargs) -> None:
        original(self, *args, **kwargs)
        self._out.close()
        self._out = Full()

    original = BoundedHandler.new_file
    monkeypatch.setattr(BoundedHandler, "new_file", new_file)
    answer = send(client_of(bob), crack, file("a.pdf", PDF))
    assert (answer.status_code, "ファイルの置き場所に空きがありません。" in said(answer)) == (200, True)


# Evidence ---------------------------------------------------------------------------------------


def test_evidence_of_done_is_shown_where_the_effect_is_checked(client_of, alice, bob, story):
    measure = story.promised()
    client = client_of(bob)
    assert 'enctype="multipart/form-data"' in said(client.get(f"/measures/{measure.pk}/done/"))
    answer = client.post(f"/measures/{measure.pk}/done/", {"note": "", "files": [file("手順書.pdf", PDF)]})

    assert answer.status_code == 302
    measure.refresh_from_db()
    evidence = Attachment.objects.get(measure=measure)
    check = measure.checks.get()
    for url in (f"/checks/{check.pk}/", measure.incident.get_absolute_url()):
        shown = said(client_of(alice).get(url))
        assert f'href="/attachments/{evidence.pk}/"' in shown and "手順書.pdf" in shown


def test_refused_evidence_does_nothing_and_loses_nothing(client_of, bob, story):
    measure = story.promised()
    answer = client_of(bob).post(
        f"/measures/{measure.pk}/done/", {"note": "画面を出した", "files": [file("a.pdf", PDF), file("b.exe", MZ)]}
    )

    shown = said(answer)
    assert "「b.exe」: プログラムか" in shown and "画面を出した" in shown
    assert Countermeasure.objects.get(pk=measure.pk).status == "committed"
    assert not Attachment.objects.exists()


def test_done_without_a_file_works_as_before(client_of, bob, story):
    measure = story.promised()
    assert client_of(bob).post(f"/measures/{measure.pk}/done/", {"note": "済み"}).status_code == 302
    assert Countermeasure.objects.get(pk=measure.pk).status == "done"
