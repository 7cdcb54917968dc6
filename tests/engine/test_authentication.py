"""Outbound authentication: what each kind sends (language.md 6.4 to 6.9)."""

import logging
from datetime import UTC, datetime

import pytest
from inbound import FakeInbound

from naftiko_runtime.engine.authenticators import Simple, Unauthenticated
from naftiko_runtime.engine.challenges import Challenge, challenges
from naftiko_runtime.engine.credentials import Credentials
from naftiko_runtime.engine.digest import Demand, DigestAuthenticator, authorization, strongest
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.sigv4 import Keys, SignatureAuthenticator, signed
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import InvalidInput, Misconfigured
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import (
    Either,
    Environment,
    Expression,
    FromInput,
    FromStep,
    FromVariable,
    ListOf,
    Literal,
    Member,
    ObjectOf,
    Template,
    Variable,
)
from naftiko_runtime.plan.upstream import ApiKeys, Basic, Bearer, Digest, Key, SignatureV4
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio


def variable(name: str) -> FromVariable:
    return FromVariable(Variable(name, (Environment(name),)))


def scope(inputs: dict[str, Json] | None = None, **environ: str) -> InvocationScope:
    return InvocationScope(inputs or {}, Variables(environ))


async def credentials(block: Bearer | Basic | ApiKeys, **environ: str) -> Credentials:
    return await Simple(block, "ns").credentials(scope(**environ))


@pytest.mark.parametrize(
    ("value", "header"),
    [("t1", "Bearer t1"), ("Bearer t1", "Bearer t1"), ("bearer t1", "Bearer bearer t1")],
)
async def test_a_bearer_token_is_not_prefixed_twice(value: str, header: str) -> None:
    found = await credentials(Bearer(variable("V")), V=value)
    assert found == Credentials((("Authorization", header),))


async def test_basic_is_utf8_and_may_lack_a_password() -> None:
    both = Basic(variable("U"), variable("P"))
    assert await credentials(both, U="me", P="pä:ss") == Credentials(
        (("Authorization", "Basic bWU6cMOkOnNz"),)
    )
    assert await credentials(Basic(variable("U"), None), U="me") == Credentials(
        (("Authorization", "Basic bWU6"),)
    )


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ("header", Credentials(headers=(("K e", "a b&"),))),
        ("query", Credentials(query=("K%20e=a%20b%26",))),
        ("cookie", Credentials(cookies=(("K e", "a b&"),))),
        ("body", Credentials(members=(("K e", "a b&"),))),
    ],
)
async def test_a_key_goes_where_it_is_placed(placement: str, expected: Credentials) -> None:
    keys = ApiKeys((Key("K e", variable("V"), placement),))  # type: ignore[arg-type]
    assert await credentials(keys, V="a b&") == expected


async def test_several_keys_are_sent_together() -> None:
    keys = ApiKeys((Key("A", Literal("1"), "header"), Key("B", Literal(2), "header")))
    assert await credentials(keys) == Credentials((("A", "1"), ("B", "2")))


async def test_a_missing_variable_is_a_configuration_problem() -> None:
    with pytest.raises(Misconfigured) as caught:
        await credentials(Bearer(variable("V")))
    assert caught.value.variables == ("V",)


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\0b"])
async def test_a_value_that_no_header_holds_names_its_variables(value: str) -> None:
    token = Template(("Token ", variable("V"), variable("W")))
    with pytest.raises(Misconfigured) as caught:
        await credentials(Bearer(token), V=value, W="w")
    assert caught.value.variables == ("V", "W")
    assert value not in caught.value.detail
    with pytest.raises(Misconfigured, match="authentication has line breaks"):
        await credentials(Bearer(Literal(value)))


@pytest.mark.parametrize(
    "token",
    [
        FromInput("t"),
        FromStep("t"),
        Template(("a", FromInput("t"))),
        Either((FromInput("t"),)),
        Member(FromInput("t"), Path.parse("$.a")),
    ],
)
async def test_an_absent_input_in_authentication_is_named(token: Expression) -> None:
    with pytest.raises(InvalidInput, match="t: is required"):
        await credentials(Bearer(token))


async def test_credentials_are_computed_once_unless_an_input_is_in_them() -> None:
    fixed = Simple(Bearer(variable("V")), "ns")
    assert await fixed.credentials(scope(V="1")) is await fixed.credentials(scope(V="2"))
    for block in (
        Bearer(Template((FromInput("t"),))),
        Basic(Literal("u"), FromInput("t")),
        ApiKeys((Key("K", ObjectOf((("o", ListOf((FromInput("t"),))),)), "header"),)),
    ):
        varying = Simple(block, "ns")
        first = await varying.credentials(scope({"t": "1"}))
        assert first != await varying.credentials(scope({"t": "2"}))


async def test_what_is_sent_is_a_known_secret() -> None:
    seen = scope(U="me", P="pass")
    await Simple(Basic(variable("U"), variable("P")), "ns").credentials(seen)
    assert seen.variables.secrets() == {"me", "pass", "Basic bWU6cGFzcw=="}


async def test_what_callers_give_as_a_credential_is_remembered_like_a_token() -> None:
    tokens: list[str] = []
    variables = Variables({}, learn_token=tokens.append)
    given = InvocationScope({"t": "caller's"}, variables)
    await Simple(Bearer(FromInput("t")), "ns").credentials(given)
    assert tokens == ["Bearer caller's"]
    assert variables.secrets() == frozenset()


async def test_no_authentication_adds_nothing() -> None:
    none = Unauthenticated()
    request = Outbound("GET", "http://up.test", ())
    assert await none.credentials(scope()) == Credentials()
    assert none.first(request) is request
    assert none.signed(request, scope()) is request
    assert not none.again(request, Refusal("Basic"), 0)


class Refusal(FakeInbound):
    """A 401 with challenges."""

    status = 401

    def __init__(self, *values: str) -> None:
        self.headers = tuple(("www-authenticate", value) for value in values)

    def chunks(self) -> object:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("sent", "refusal", "complains"),
    [
        ("abc", Refusal("Token realm=x"), True),
        ("Token abc", Refusal("Token"), False),
        ("abc", Refusal(), False),
        (None, Refusal("Token"), False),
    ],
)
async def test_a_key_without_its_scheme_is_said_once(
    sent: str | None, refusal: Refusal, *, complains: bool, caplog: pytest.LogCaptureFixture
) -> None:
    headers = (("Authorization", sent),) if sent else ()
    keys = Simple(ApiKeys((Key("Authorization", Literal("abc"), "header"),)), "shop")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert not keys.again(Outbound("GET", "http://up.test", headers), refusal, 0)
    message = (
        "auth/scheme-missing: shop answered 401 and wants Token; "
        "the variable must hold the whole header value, as Token <key>"
    )
    assert [record.getMessage() for record in caplog.records] == [message] * complains


async def test_a_bearer_token_never_lacks_its_scheme(caplog: pytest.LogCaptureFixture) -> None:
    request = Outbound("GET", "http://up.test", (("Authorization", "x"),))
    assert not Simple(Bearer(Literal("x")), "ns").again(request, Refusal("Token"), 0)
    assert not caplog.records


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["Basic"], [Challenge("basic", {})]),
        (
            ['Digest realm="a, \\"b\\"", NONCE=x , qop="auth,auth-int"'],
            [Challenge("digest", {"realm": 'a, "b"', "nonce": "x", "qop": "auth,auth-int"})],
        ),
        (
            ['Negotiate, Digest nonce="1", Basic realm="r"', 'Bearer error="x"'],
            [
                Challenge("negotiate", {}),
                Challenge("digest", {"nonce": "1"}),
                Challenge("basic", {"realm": "r"}),
                Challenge("bearer", {"error": "x"}),
            ],
        ),
        (['realm="lost"'], []),
        (["@@"], []),
        ([], []),
    ],
)
def test_challenges_are_read(values: list[str], expected: list[Challenge]) -> None:
    assert challenges(values) == expected


CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, response: str) -> None:
    demand = Demand("http-auth@example.org", NONCE, algorithm, qop=True, opaque=OPAQUE)
    login = ("Mufasa", "Circle of Life")
    assert authorization(demand, login, ("GET", "/dir/index.html"), (1, CNONCE)) == (
        'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
        f'algorithm={algorithm}, nonce="{NONCE}", cnonce="{CNONCE}", nc=00000001, qop=auth, '
        f'response="{response}", opaque="{OPAQUE}"'
    )


def test_the_vector_of_rfc_2069() -> None:
    demand = Demand("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "MD5", qop=False)
    value = authorization(
        demand, ("Mufasa", "Circle Of Life"), ("GET", "/dir/index.html"), (1, "c")
    )
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in value
    assert "cnonce" not in value
    assert "qop" not in value


def test_a_session_algorithm_hashes_the_nonces_into_the_secret() -> None:
    demand = Demand("r", "n", "MD5-sess", qop=False)
    value = authorization(demand, ("u", "p"), ("GET", "/"), (1, "c"))
    # MD5 of MD5(MD5(u:r:p):n:c) : n : MD5(GET:/)
    assert 'response="254644af15666e40df975c5ae58b9796"' in value
    assert 'cnonce="c"' in value


def test_names_that_are_hashed_quoted_or_not_ascii() -> None:
    target = (("GET", "/"), (1, "c"))
    hashed = authorization(Demand("r", "n", "MD5", qop=True, userhash=True), ("u", ""), *target)
    assert 'username="ba84be203fdfc7d34e054a76d285d0c9"' in hashed
    assert hashed.endswith("userhash=true")
    plain = Demand('a"b\\', "n", "MD5", qop=True)
    assert 'realm="a\\"b\\\\"' in authorization(plain, ("u", ""), *target)
    assert "username*=UTF-8''J%C3%A4s" in authorization(plain, ("Jäs", ""), *target)


@pytest.mark.parametrize(
    ("offers", "algorithm"),
    [
        (['Digest nonce="1"'], "MD5"),
        (['Digest nonce="1", algorithm=MD5', 'Digest nonce="2", algorithm=SHA-256'], "SHA-256"),
        (
            ['Digest nonce="1", algorithm=sha-256-sess, Digest nonce="2", algorithm=SHA-256'],
            "sha-256-sess",
        ),
        (['Digest nonce="1", algorithm=SHA-512-256', 'Digest nonce="1", algorithm=MD5'], "MD5"),
        (['Digest nonce="1", qop="auth-int"'], None),
        (['Digest nonce="1", qop="auth-int, auth"'], "MD5"),
        (["Digest realm=x"], None),
        (['Basic realm="x"'], None),
        ([], None),
    ],
)
def test_the_strongest_challenge_is_taken(offers: list[str], algorithm: str | None) -> None:
    found = strongest(challenges(offers))
    assert (found.algorithm if found else None) == algorithm


def digest() -> DigestAuthenticator:
    return DigestAuthenticator(Digest(variable("U"), variable("P")), lambda: "c")


def nonce_and_count(request: Outbound) -> str | None:
    value = dict(request.headers).get("Authorization")
    return value and ",".join(
        part.split("=")[1].strip('"') for part in value.split(", ") if part[:2] in ("no", "nc")
    )


async def test_a_nonce_is_used_again_with_a_growing_count() -> None:
    authenticator = digest()
    request = Outbound("GET", "http://up.test/a?b=1", (("authorization", "theirs"),))
    seen = scope(U="u", P="p")
    assert authenticator.signed(request, seen) is request
    assert authenticator.again(request, Refusal('Digest nonce="n1", qop=auth'), 0)
    sent = [nonce_and_count(authenticator.signed(request, seen)) for _ in range(2)]
    assert sent == ["n1,00000001", "n1,00000002"]
    assert authenticator.signed(request, seen).headers[0][1].startswith("Digest")


async def test_wrong_credentials_are_answered_once() -> None:
    authenticator = digest()
    plain = Outbound("GET", "http://up.test", ())
    assert authenticator.again(plain, Refusal('Digest nonce="n1", qop=auth'), 0)
    answered = authenticator.signed(plain, scope(U="u", P="p"))
    assert not authenticator.again(answered, Refusal('Digest nonce="n2", qop=auth'), 1)


async def test_a_stale_nonce_is_answered_once_more() -> None:
    authenticator = digest()
    plain, seen = Outbound("GET", "http://up.test", ()), scope(U="u", P="p")
    assert authenticator.again(plain, Refusal('Digest nonce="n1", qop=auth'), 0)
    answered = authenticator.signed(plain, seen)
    assert authenticator.again(answered, Refusal('Digest nonce="n2", qop=auth, stale=TRUE'), 1)
    assert nonce_and_count(authenticator.signed(plain, seen)) == "n2,00000001"
    assert not authenticator.again(answered, Refusal('Digest nonce="n3", stale=true'), 2)


async def test_a_kept_nonce_that_is_refused_is_replaced_unless_it_is_the_same() -> None:
    authenticator = digest()
    plain, seen = Outbound("GET", "http://up.test", ()), scope(U="u", P="p")
    authenticator.again(plain, Refusal('Digest nonce="n1"'), 0)
    answered = authenticator.signed(plain, seen)
    assert not authenticator.again(answered, Refusal('Digest nonce="n1"'), 0)
    assert authenticator.again(answered, Refusal('Digest nonce="n1", stale=true'), 0)
    assert authenticator.again(answered, Refusal('Digest nonce="n2"'), 0)
    assert not authenticator.again(plain, Refusal("Basic"), 0)


async def test_a_body_that_can_be_sent_once_waits_for_the_challenge() -> None:
    async def stream() -> object:
        yield b"x"

    authenticator = digest()
    headers = (("Content-Type", "text/csv"), ("Content-Length", "1"), ("X-A", "1"))
    once = Outbound("PUT", "http://up.test", headers, stream())
    first = authenticator.first(once)
    assert (first.body, first.headers) == (None, (("X-A", "1"), ("Content-Length", "0")))
    assert authenticator.first(Outbound("PUT", "http://up.test", (), b"x")).body == b"x"
    authenticator.again(first, Refusal('Digest nonce="n1"'), 0)
    assert authenticator.first(once) is once


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = Keys("AKTEST", "secret", "eu-west-1", "execute-api")


def test_the_vector_of_signature_4() -> None:
    request = Outbound("GET", "http://api.test/things/a%20b?page=1", (("Accept", "*/*"),))
    assert signed(request, KEYS, NOW).headers == (
        ("Accept", "*/*"),
        ("X-Amz-Date", "20260102T030405Z"),
        (
            "Authorization",
            (
                "AWS4-HMAC-SHA256 Credential=AKTEST/20260102/eu-west-1/execute-api/aws4_request, "
                "SignedHeaders=host;x-amz-date, "
                "Signature=7ee65bc9ddb8c6ad8073c686bf75688865141b255c10d51540279dc4e299617d"
            ),
        ),
    )


def test_everything_that_must_be_signed_is() -> None:
    headers = (
        ("content-type", "text/csv"),
        ("X-Amz-Meta", " a   b "),
        ("X-Amz-Meta", "c"),
        ("authorization", "theirs"),
    )
    request = Outbound("PUT", "https://api.test:8443/x?b=2&a=%20&a&c[]=1", headers, b"body")
    keys = Keys("AKTEST", "secret", "eu-west-1", "execute-api", "session")
    sent = signed(request, keys, NOW)
    value = dict(sent.headers)["Authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-meta;x-amz-security-token" in value
    assert ("X-Amz-Security-Token", "session") in sent.headers
    assert ("authorization", "theirs") not in sent.headers
    for other in (
        Outbound("PUT", request.url, headers, b"other"),
        Outbound("POST", request.url, headers, b"body"),
        Outbound("PUT", "https://api.test/x?b=2&a=%20&a&c[]=1", headers, b"body"),
    ):
        assert dict(signed(other, keys, NOW).headers)["Authorization"] != value
    reordered = Outbound("PUT", "https://api.test:8443/x?c%5B%5D=1&a&a=%20&b=2", headers, b"body")
    assert dict(signed(reordered, keys, NOW).headers)["Authorization"] == value


def test_s3_signs_the_path_as_it_is_sent() -> None:
    request = Outbound("GET", "http://api.test/a%20b", ())
    values = {
        service: signed(request, Keys("A", "s", "r", service), NOW).headers[-1][1][-64:]
        for service in ("s3", "execute-api")
    }
    assert values["s3"] != values["execute-api"]


async def test_keys_are_resolved_for_each_request() -> None:
    block = SignatureV4(
        variable("A"), variable("S"), Literal("eu-west-1"), Literal("execute-api"), None
    )
    authenticator = SignatureAuthenticator(block, lambda: NOW)
    request = Outbound("GET", "http://api.test/things/a%20b?page=1", ())
    sent = authenticator.signed(request, scope(A="AKTEST", S="secret"))
    assert sent.headers[-1][1].endswith("e299617d")
    assert authenticator.needs_bytes
    with_session = SignatureAuthenticator(
        SignatureV4(variable("A"), variable("S"), Literal("r"), Literal("s"), variable("T"))
    )
    again = with_session.signed(request, scope(A="A", S="s", T="t"))
    assert dict(again.headers)["X-Amz-Security-Token"] == "t"
