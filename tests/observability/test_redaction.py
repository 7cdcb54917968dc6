"""Secrets never leave: OBS-8, every form, and what must stay readable."""

import base64
import json
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.observability.redaction import Redactor

SECRET = 'p@ss/w+rd "é" 7'  # noqa: S105 - made up for these tests


def scrubbed(text: str, *secrets: str) -> str:
    redactor = Redactor()
    for secret in secrets or (SECRET,):
        redactor.learn(secret)
    return redactor.scrub(text)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_a_secret_is_masked_in_every_form_it_may_be_written_in(form: str) -> None:
    assert scrubbed(f"before {form} after {form}") == "before *** after ***"


@pytest.mark.parametrize("prefix", ["", "u:", "us:", "use:", "user:"])
@pytest.mark.parametrize("suffix", ["", "!", "!!", "!!!"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_inside_base64_leaves_nothing_that_decodes_to_it(
    prefix: str, suffix: str, encode: "type[bytes]"
) -> None:
    encoded = encode(f"{prefix}{SECRET}{suffix}".encode()).decode()  # type: ignore[call-arg]
    shown = scrubbed(f"Authorization: Basic {encoded}")
    assert "***" in shown
    kept = shown.removeprefix("Authorization: Basic ").split("***")
    whole = f"{prefix}{SECRET}{suffix}".encode()
    for part in kept:
        assert len(part.rstrip("=")) * 6 // 8 <= len(whole) - len(SECRET.encode())


@pytest.mark.parametrize("short", ["", "a", "abc"])
def test_a_text_shorter_than_four_characters_is_no_secret(short: str) -> None:
    assert scrubbed("abc a", short) == "abc a"


def test_what_holds_no_secret_is_returned_as_it_is() -> None:
    text = "nothing to hide"
    assert scrubbed(text) is text
    assert Redactor().scrub(text) is text


def test_of_secrets_that_contain_each_other_the_longest_is_masked() -> None:
    assert scrubbed("a token-long b token c", "token", "token-long") == "a *** b *** c"


def test_secrets_that_touch_or_overlap_are_all_masked() -> None:
    assert "cdef" not in scrubbed("abcdefgh", "abcde", "defgh").replace("*", "")
    assert scrubbed("aaaabbbb", "aaaa", "bbbb") == "******"


@pytest.mark.parametrize("count", [1, 5, 60, 500])
def test_any_number_of_secrets_is_masked(count: int) -> None:
    secrets = [f"secret-{number:05}-{number * 7919:x}" for number in range(count)]
    text = " | ".join(secrets)
    assert scrubbed(text, *secrets) == " | ".join(["***"] * count)
    assert scrubbed("secret-99999-zz", *secrets) == "secret-99999-zz"


def test_what_is_learned_later_counts_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.scrub("first second") == "first second"
    redactor.learn("first")
    assert redactor.scrub("first second") == "*** second"
    redactor.learn("second")
    assert redactor.scrub("first second") == "*** ***"


def test_of_tokens_that_change_forever_the_oldest_are_forgotten_and_no_secret_is() -> None:
    redactor = Redactor()
    redactor.learn("tok-000001")
    for number in range(1100):
        redactor.learn_token(f"tok-{number:06}")
    shown = redactor.scrub("tok-000000 tok-000001 tok-000099 tok-000100 tok-001099")
    assert shown == "tok-000000 *** tok-000099 *** ***"


def test_secrets_may_be_learned_while_others_scrub() -> None:
    redactor = Redactor()
    redactor.learn("known-secret")
    failures: list[str] = []

    def learn(start: int) -> None:
        for number in range(start, start + 300):
            redactor.learn(f"another-{number}")

    threads = [threading.Thread(target=learn, args=(n * 1000,)) for n in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        failures += [redactor.scrub("a known-secret b")]
    for thread in threads:
        thread.join(5)
    assert set(failures) <= {"a *** b"}


@given(
    secret=st.text(min_size=4, max_size=30),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_no_text_keeps_a_secret_that_it_held(secret: str, before: str, after: str) -> None:
    shown = scrubbed(f"{before}{secret}{after}", secret)
    if secret not in f"{before}***{after}" and "*" not in secret:
        assert secret not in shown
