"""A mail server that keeps nothing but a line for each mail it took, and can be made to fail.

    python deploy/mail_sink.py --port 2525 --log taken.txt [--faults 4xx=0.1,before=0.02,after=0.02,421=0.02,5xx=0.05]

Each line of the log is `Message-ID idempotency-key recipient sha256-of-the-mail`, written before the 250 goes out: what
stands there the server has taken, whatever became of its answer. Faults are drawn by chance: `4xx`, `5xx` and `nobody` (5.1.1)
refuse a recipient, `421` closes at MAIL, `before` and `after` cut the line before and after a mail was taken, `slow` waits 50 ms.

`--closes-for WORD` says 421 and closes at each recipient whose address has the word in it; `--drops-for WORD` cuts the
line when the body of such a mail is in.

`--stop-at POINT:N --reached FILE` makes the server stand still for good at the N-th mail, and touch FILE: at its `mail`
or `recipient` command, with its `body` in but not the dot, at the `dot`, `unanswered` when the mail was taken but the
250 has not gone out, or `taken` after the 250.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import re
import sys
import time
from pathlib import Path

_FIELD = re.compile(rb"^(Message-ID|X-Idempotency-Key): *(\S+)", re.IGNORECASE | re.MULTILINE)


# `5xx` is a rule of the server's; `nobody` says that there is nobody at the address.
_REFUSALS = (("5xx", b"554 5.7.1 no"), ("nobody", b"550 5.1.1 unknown"), ("4xx", b"451 4.7.1 later"))


class Sink(asyncio.Protocol):
    faults: dict[str, float] = {}
    log = sys.stdout.buffer
    stop_at, reached, mails = ("", 0), Path(), 0
    closes_for, drops_for = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line = transport
        self.buffer, self.in_data, self.recipient, self.closed = b"", False, b"", False
        self.line.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.closed:
            end = self.buffer.find(b"\r\n.\r\n" if self.in_data else b"\r\n")
            if end < 0:
                if self.in_data and self.buffer:
                    self.point("body")
                return
            piece = self.buffer[:end]
            self.buffer = self.buffer[end + (5 if self.in_data else 2) :]
            if self.in_data:
                self.in_data = False
                self.take(piece)
            else:
                self.command(piece)

    def drawn(self, name: str) -> bool:
        return name in self.faults and random.random() < self.faults[name]

    def point(self, name: str) -> None:
        if Sink.stop_at == (name, Sink.mails):
            self.reached.touch()
            time.sleep(3600)

    def say(self, text: bytes) -> None:
        self.line.write(text + b"\r\n")

    def cut(self) -> None:
        self.closed = True
        self.line.abort()

    def command(self, said: bytes) -> None:
        verb = said[:4].upper()
        if verb == b"EHLO":
            self.say(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME")
        elif verb == b"MAIL":
            Sink.mails += 1
            self.point("mail")
            if self.drawn("421"):
                self.say(b"421 4.3.2 closing")
                self.closed = True
                self.line.close()
                return
            self.recipient = b""
            self.say(b"250 ok")
        elif verb == b"RCPT":
            self.point("recipient")
            for name, text in _REFUSALS:
                if self.drawn(name):
                    self.say(text)
                    return
            self.recipient = said.partition(b"<")[2].rstrip(b">")
            if self.closes_for and self.closes_for in self.recipient:
                self.say(b"421 4.7.0 too many for this recipient")
                self.closed = True
                self.line.close()
                return
            self.say(b"250 ok")
        elif verb == b"DATA":
            self.in_data = bool(self.recipient)
            self.say(b"354 go" if self.recipient else b"503 no recipient")
        elif verb == b"QUIT":
            self.say(b"221 bye")
            self.line.close()
        else:
            self.say(b"250 ok")

    def take(self, mail: bytes) -> None:
        self.point("dot")
        if self.drawn("before") or (self.drops_for and self.drops_for in self.recipient):
            self.cut()
            return
        found = {name.lower(): value for name, value in _FIELD.findall(mail.partition(b"\r\n\r\n")[0])}
        digest = hashlib.sha256(mail).hexdigest().encode()
        row = (found.get(b"message-id", b"-"), found.get(b"x-idempotency-key", b"-"), self.recipient, digest)
        self.log.write(b" ".join(row) + b"\n")
        self.point("unanswered")
        if self.drawn("after"):
            self.cut()
        elif self.drawn("slow"):
            asyncio.get_running_loop().call_later(0.05, self.say, b"250 taken")
        else:
            self.say(b"250 taken")
            self.point("taken")


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--faults", default="")
    parser.add_argument("--closes-for", default="", metavar="WORD")
    parser.add_argument("--drops-for", default="", metavar="WORD")
    parser.add_argument("--stop-at", default=":0")
    parser.add_argument("--reached", type=Path, default=Path())
    options = parser.parse_args()
    point, _, number = options.stop_at.partition(":")
    Sink.closes_for, Sink.drops_for = options.closes_for.encode(), options.drops_for.encode()
    Sink.stop_at, Sink.reached = (point, int(number)), options.reached
    Sink.log = open(options.log, "ab", buffering=0)
    Sink.faults = {
        name: float(share) for name, _, share in (one.partition("=") for one in options.faults.split(",") if one)
    }
    asyncio.run(serve(options.port))


if __name__ == "__main__":
    main()
