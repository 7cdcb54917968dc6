"""``naftiko call --dry-run`` and ``--trace`` show requests without any secret: orchestration.md 6.10."""

import json
from pathlib import Path

import pytest

from naftiko_runtime.cli.main import main

DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Keys, description: Secrets in every place}
binds:
  - {namespace: env, keys: {K: K, N: N, P: P, F: F}}
capability:
  consumes:
    - type: http
      namespace: up
      baseUri: "http://127.0.0.1:{{P}}/abc"
      resources:
        - name: all
          path: /abc
          operations:
            - name: places
              method: POST
              authentication: {type: apikey, key: X-Key, value: "{{K}}", placement: header}
              inputParameters:
                - {name: X-Plain, in: header, value: "v{{K}}"}
                - {name: k, in: query, value: "{{K}}"}
                - {name: n, in: query, type: integer, value: "{{N}}"}
                - {name: abc, in: query, value: abc}
              body: {type: json, data: {key: "{{K}}", say: "a {{K}}!", abc: abc}}
            - name: form
              method: POST
              authentication: {type: none}
              body: {type: formUrlEncoded, data: {k: "{{F}}"}}
            - name: bearer
              method: GET
              authentication: {type: bearer, token: "{{K}}"}
            - name: basic
              method: GET
              authentication: {type: basic, username: me, password: "{{K}}"}
            - name: cookie
              method: GET
              authentication: {type: apikey, key: sid, value: "{{K}}", placement: cookie}
            - name: literal
              method: GET
              authentication: {type: apikey, key: "a key", value: zz, placement: query}
            - name: fetched
              method: GET
              authentication:
                type: oauth2
                tokenEndpoint: http://127.0.0.1:1/token
                clientId: me
                clientSecret: "{{K}}"
            - {name: put, method: PUT, authentication: {type: none}}
  exposes:
    - type: rest
      port: 8080
      namespace: rest
      resources:
        - {name: notes, path: /notes, operations: [{name: put, method: PUT, call: up.put}]}
"""
ENVIRON = {"K": "abc", "N": "7", "P": "9", "F": "=&"}


@pytest.fixture(autouse=True)
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys.yml").write_text(DOCUMENT)


def shown(capsys: pytest.CaptureFixture[str], operation: str) -> tuple[str, dict[str, str], str]:
    """Return the first line, the headers and the body of what a dry run prints."""
    assert main(["call", "keys.yml", f"up.{operation}", "--dry-run"], ENVIRON) == 0
    head, _, body = capsys.readouterr().out.removesuffix("\n").partition("\n\n")
    first, *lines = head.split("\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def test_a_short_secret_is_masked_wherever_it_stands_and_its_namesakes_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, headers, body = shown(capsys, "places")
    assert first == "POST http://127.0.0.1:***/abc/abc?k=***&n=***&abc=abc"
    assert headers["X-Key"] == "***"
    assert headers["X-Plain"] == "v***"
    assert json.loads(body) == {"key": "***", "say": "a ***!", "abc": "abc"}


@pytest.mark.parametrize(
    ("operation", "header", "value"),
    [
        ("bearer", "Authorization", "Bearer ***"),
        ("basic", "Authorization", "Basic ***"),
        ("cookie", "Cookie", "***"),
    ],
)
def test_short_credentials_are_masked_in_every_scheme(
    operation: str, header: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, headers, _ = shown(capsys, operation)
    assert headers[header] == value


def test_a_short_secret_is_masked_in_its_encoded_form(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, body = shown(capsys, "form")
    assert body == "k=***"


def test_a_body_that_would_be_streamed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["call", "keys.yml", "PUT /notes", "--input", '{"say": "abc is no secret here"}']
    assert main([*words, "--dry-run"], ENVIRON) == 0
    assert capsys.readouterr().out.endswith('\n\n{"say": "abc is no secret here"}\n')


def test_the_request_for_a_token_is_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    first, headers, body = shown(capsys, "fetched")
    assert first == "POST http://127.0.0.1:1/token"
    assert "abc" not in str(headers) + body
    assert "***" in str(headers) + body


def test_a_literal_credential_is_masked_by_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    first, _, _ = shown(capsys, "literal")
    assert first == "GET http://127.0.0.1:***/abc/abc?a%20key=***"


def test_a_trace_masks_credentials_by_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    closed = ["--set", "baseUri.up=http://127.0.0.1:1"]
    assert main(["call", "keys.yml", "up.places", "--trace", *closed], ENVIRON) == 1
    assert "X-Key: ***" in capsys.readouterr().err.splitlines()
    assert main(["call", "keys.yml", "up.literal", "--trace", *closed], ENVIRON) == 1
    assert "GET http://127.0.0.1:1/abc?a%20key=***" in capsys.readouterr().err.splitlines()
