"""The one word that goes to a watching service: still alive. By the way that every request goes (gateways/egress.py)."""

from __future__ import annotations

from incidents.gateways import egress

PATIENCE = 5.0  # seconds from the look-up of the name to the answer's head
# What of an address is no https address at all; the rest of it could not be reached.
_NOT_HTTPS = frozenset({"not_https", "bad_host", "bad_port", "has_user"})


def ping(url: str) -> str:
    """Ask for `url`, the address of HEARTBEAT_URL. Never raises.

    The operator chose it and may have named a machine of the house, or any port. Returns "" when a 2xx came in time, else
    one word: `not_https`, `unknown_host`, `unreachable`, `too_slow`, `bad_certificate`, `bad_answer`, `redirected`, or
    `answered_500` with the code. The address stands in none of them.
    """
    try:
        answer = egress.call(url, method="GET", patience=PATIENCE, most=0, trusted=True)
    except egress.NotSent as fault:
        if fault.word in _NOT_HTTPS:
            return "not_https"
        return "unreachable" if fault.word == "bad_address" else fault.word
    return "" if 200 <= answer.status < 300 else f"answered_{answer.status}"
