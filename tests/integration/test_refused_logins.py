"""A refused login is counted, and a page of another origin can read why it was refused."""

from pathlib import Path

from live_process import live
from prometheus_client.parser import text_string_to_metric_families

DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Desk, description: Behind a token}
capability:
  exposes:
    - type: mcp
      port: 9090
      namespace: desk
      authentication: {type: bearer, token: secret-token}
      cors: {origins: ["https://app.example"]}
      tools: [{name: it, description: It, outputParameters: [{type: string, value: it}]}]
    - type: skill
      port: 3011
      namespace: books
      authentication: {type: bearer, token: secret-token}
      cors: {origins: ["https://app.example"]}
      skills: [{name: book, description: A book}]
    - {type: control, port: 9191}
"""


def test_a_challenge_has_cors_headers_and_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "desk.yml"
    file.write_text(DOCUMENT)
    origin = {"Origin": "https://app.example"}
    with live(file, adapters=3) as served:
        with served.http("desk") as desk, served.http("books") as books:
            refusals = [
                desk.post(served.urls["desk"], json={}, headers=origin),
                books.get("/book", headers=origin),
            ]
        control = next(name for name in served.urls if name not in ("desk", "books"))
        with served.http(control) as http:
            text = http.get("/metrics").text
            traces = http.get("/traces").json()["traces"]
    for refused in refusals:
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
    assert "WWW-Authenticate" in refusals[0].headers["access-control-expose-headers"]
    counted = {
        (sample.labels["naftiko_namespace"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "naftiko_request_total"
    }
    assert counted == {("desk", "ERROR"): 1.0, ("books", "401"): 1.0}
    # the control port's own requests are not recorded (OBS-5)
    assert [each["operation"] for each in traces] == ["GET /skills/{name}", "POST /mcp"]
