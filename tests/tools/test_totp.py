"""Against the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B), and codes that serve once."""

from __future__ import annotations

import base64

import pytest

from tools.plain import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("step", "code"),
    enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]),
)
def test_rfc_4226(step, code):
    assert totp.code_at(SECRET, step) == code


@pytest.mark.parametrize(
    ("now", "eight"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (20000000000, "65353130"),
    ],
)
def test_rfc_6238(now, eight):
    assert totp.code_at(SECRET, now // 30) == eight[-6:]


def test_a_code_is_taken_one_step_early_or_late_and_no_further():
    found = [totp.step_of(SECRET, totp.code_at(SECRET, 100 + away), now=3000) for away in (-2, -1, 0, 1, 2)]
    assert found == [None, 99, 100, 101, None]


def test_a_step_that_was_used_and_those_before_it_are_refused():
    assert totp.step_of(SECRET, totp.code_at(SECRET, 100), now=3000, after=100) is None
    assert totp.step_of(SECRET, totp.code_at(SECRET, 99), now=3000, after=100) is None
    assert totp.step_of(SECRET, totp.code_at(SECRET, 101), now=3000, after=100) == 101


@pytest.mark.parametrize("typed", ["７５５２２４", "755 224", " 755224\n"])
def test_codes_are_read_as_people_type_them(typed):
    assert totp.step_of(SECRET, typed, now=0) == 0


@pytest.mark.parametrize("typed", ["", "75522", "7552244", "abcdef", "٧٥٥٢٢٤x", "\x00" * 6])
def test_what_is_no_code_is_none(typed):
    assert totp.step_of(SECRET, typed, now=0) is None


def test_the_address_for_the_app():
    assert totp.address("ABC", person="a@b.jp", house="Ushiro") == (
        "otpauth://totp/Ushiro%3Aa%40b.jp?secret=ABC&issuer=Ushiro"
    )
    assert len(base64.b32decode(totp.new_secret())) == 20
