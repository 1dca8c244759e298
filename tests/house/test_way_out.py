"""Who may open a connection. A second way out would forget what the first one asks (docs/security.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Modules with which a program can leave the machine, and the only files that may have them, each with its reason.
CLIENTS = {
    "aiohttp", "apprise", "asyncio", "ftplib", "http.client", "httplib2", "httpx", "imaplib", "nntplib", "poplib", "pycurl",
    "requests", "smtplib", "socket", "socketserver", "ssl", "telnetlib", "urllib.request", "urllib3", "websocket",
    "websockets", "xmlrpc", "xmlrpc.client",
}  # fmt: skip
MAY = {
    "incidents/gateways/egress.py": {"socket", "ssl"},  # the way out by HTTP
    "incidents/gateways/chat.py": {"apprise"},  # writes for five services; its requests are taken to egress
    "incidents/gateways/imap.py": {"imaplib", "ssl"},  # mail that comes in, from the mailbox of the settings
    "incidents/gateways/mail.py": {"smtplib", "ssl", "socket"},  # letters, to the mail server of the settings
    "incidents/gateways/probe.py": {"smtplib", "socket", "ssl", "http.client"},  # asks our own servers how they are
    "ushiro/preflight.py": {"socket"},  # whether a port is free, before anything starts
    "ushiro/embedded_broker.py": {"socket"},  # whether the bundled broker answers at its own socket
    "ushiro/supervisor.py": {"socket"},
    "ushiro/up.py": {"http.client"},  # whether the web server that it has started answers on this machine
}


def used(file: Path) -> set[str]:
    """Which of CLIENTS a file imports, by any way of writing it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and node.value in CLIENTS - {"socket", "ssl", "requests", "apprise"}:
            names = [node.value]  # importlib.import_module("…")
        else:
            continue
        found |= {client for name in names for client in CLIENTS if name == client or name.startswith(f"{client}.")}
    return found


def sources() -> list[Path]:
    return [
        *ROOT.glob("*.py"),
        *(file for top in ("ushiro", "incidents", "tools") for file in (ROOT / top).rglob("*.py")),
    ]


def test_nobody_else_can_leave():
    files = sources()
    assert len(files) > 250, "the search has gone blind"
    found = {str(file.relative_to(ROOT)): names for file in files if (names := used(file))}
    assert {name: used - MAY.get(name, set()) for name, used in found.items() if used - MAY.get(name, set())} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import requests",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import http.client as h",
        "from http import client",
        "import urllib3.util",
        "import httpx, os",
        "def f():\n    import socket",
        "importlib.import_module('urllib3')",
        "from apprise.plugins.slack import NotifySlack",
    ],
)
def test_search_finds_each_way_of_writing_it(tmp_path, text):
    file = tmp_path / "x.py"
    file.write_text(text)
    assert used(file)
