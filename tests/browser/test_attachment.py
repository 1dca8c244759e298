"""Files on a phone: handed in, refused with the reason, saved again; and without a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from incidents.models import Attachment
from tests.browser.fixtures import PHONE, sideways
from tests.made_files import MZ, PDF, PNG

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


def files() -> list[dict]:
    given = [("見積書.pdf", PDF), ("写真.png", PNG), ("請求.pdf", MZ)]
    return [{"name": name, "mimeType": "application/pdf", "buffer": data} for name, data in given]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_files_go_in_and_come_back_on_a_phone(bob, crack, page_of, axe, script):
    page = page_of(bob, viewport=PHONE, java_script_enabled=script, accept_downloads=True)
    page.goto(crack.get_absolute_url())
    page.get_by_label("添えるファイル").set_input_files(files())
    page.locator("#attachments").get_by_role("button", name="添える", exact=True).click()

    expect(page.locator("main")).to_contain_text("2 個のファイルを添えました: 見積書.pdf、写真.png")
    expect(page.locator("form")).to_contain_text(["「請求.pdf」: プログラムか"])
    if script:
        assert axe(page) == []

    page.goto(f"{crack.get_absolute_url()}#attachments")
    assert sideways(page) == 0
    with page.expect_download() as coming:
        page.locator("#attachments").get_by_role("link", name="見積書.pdf", exact=True).click()
    assert coming.value.suggested_filename == "見積書.pdf"
    assert Path(coming.value.path()).read_bytes() == PDF
    assert page.url.endswith(f"{crack.get_absolute_url()}#attachments")


def test_file_opened_by_its_address_is_saved_and_not_shown(bob, crack, page_of):
    page = page_of(bob, accept_downloads=True)
    page.goto(f"/incidents/{crack.reference}/files/")
    page.get_by_label("添えるファイル").set_input_files(files()[1])
    page.get_by_role("button", name="添える", exact=True).click()
    page.wait_for_url("**/incidents/K-1/*")
    address = Attachment.objects.get().get_absolute_url()

    with page.expect_download() as coming:
        page.evaluate("address => { location.href = address }", address)
    assert coming.value.suggested_filename == "写真.png"
    assert "/attachments/" not in page.url
