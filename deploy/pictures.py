"""Make the pictures of the README: `make pictures`.

Starts a throw-away installation with the sample team, signs in, photographs it and takes it away again. So a
picture never shows what the product does not do. CHROMIUM names the browser (default: the one on PATH).
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
START_PATIENCE = 180.0
# The installation is its own: nothing of a shell that is set up for another one may leak into it.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait for the sign-in page. Ends the script when the installation has ended or does not answer."""
    until = time.monotonic() + START_PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            sys.exit(f"The installation for the pictures ended with code {process.returncode}.")
        try:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            link.request("GET", "/account/login/")
            if link.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"The installation for the pictures did not answer within {START_PATIENCE:g} s.")


def open_page(browser: Browser, site: str, **look: Any) -> Page:
    """A page on which the first of the sample's people is signed in."""
    from incidents.sample import SIGN_INS

    _, email, password = SIGN_INS[0]
    context = browser.new_context(base_url=site, locale="ja-JP", timezone_id="Asia/Tokyo", **look)
    page = context.new_page()
    page.goto("/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("form[action*=login] button[type=submit]")
    page.wait_for_url(f"{site}/")
    return page


def telling_incident(page: Page) -> str:
    """The address of the incident under repair that has the most seams: it shows the whole path."""
    page.goto("/incidents/?stage=measures_committed")
    found = page.eval_on_selector_all(
        "main a[href*='/incidents/K-']", "links => links.map(a => a.getAttribute('href').split('#')[0])"
    )
    best, most = "", -1
    for address in dict.fromkeys(found):
        page.goto(address)
        seams = page.locator(".seam").count()
        if seams > most:
            best, most = address, seams
    if not best:
        sys.exit("The sample team has no incident with a promised countermeasure; there is nothing to photograph.")
    return best


def photograph(page: Page, address: str, name: str, *, most: int) -> None:
    """The page from its top, whole when it is at most `most` pixels high."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    height = min(most, int(page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file)
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} KB")


def take_all(site: str, program: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        desk = open_page(browser, site, viewport=DESK, color_scheme="light")
        incident = telling_incident(desk)
        photograph(desk, "/", "today", most=1100)
        photograph(desk, incident, "incident", most=1500)
        phone = open_page(browser, site, viewport=PHONE, color_scheme="dark", device_scale_factor=2)
        photograph(phone, "/", "today-phone-dark", most=844)
        photograph(phone, incident, "incident-phone-dark", most=844)
        browser.close()


def main() -> None:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not os.access(program, os.X_OK):
        sys.exit("The pictures need Chromium; install it, or name it with CHROMIUM=/path/to/chromium.")
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "ushiro.settings_test"
    import django

    django.setup()
    PICTURES.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ushiro-") as folder:
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port), "--data", f"{folder}/var"]
        environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        process = subprocess.Popen(command, cwd=ROOT, env=environ)
        try:
            wait_until_open(process, port)
            take_all(f"http://127.0.0.1:{port}", program)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


if __name__ == "__main__":
    main()
