"""The API behind the conformance fixtures: three files, a failure, and changes of the document.

usage: upstream.py DOCUMENT   (the copy of capability.yaml that is being served)
"""

import base64
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

PORT = 7311
RELOAD = "http://127.0.0.1:7312/config/reload"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="
FILES = {
    "/files/pixel.png": ("image/png", base64.b64decode(PIXEL)),
    "/files/silence.wav": ("audio/wav", base64.b64decode(SILENCE)),
    "/files/step.json": ("application/json", b'{"done":true}'),
}
TOOL = """\
        - name: test_added_tool
          description: Comes and goes
          outputParameters: [{type: string, value: here}]
"""
PROMPT = """\
        - name: test_added_prompt
          description: Comes and goes
          template: [{role: user, content: here}]
"""
ADDED = {
    "/change/tools": ("      tools:\n", TOOL),
    "/change/prompts": ("      prompts:\n", PROMPT),
}


def toggled(text: str, heading: str, addition: str) -> str:
    """Return the document with the addition after its heading, or without it."""
    if addition in text:
        return text.replace(addition, "")
    return text.replace(heading, heading + addition)


def reloaded(document: Path, path: str) -> bytes:
    """Change the document, and answer what the control port says about it."""
    document.write_text(toggled(document.read_text(), *ADDED[path]))
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(RELOAD, b"{}", headers)) as reply:
        return bytes(reply.read())


class Answers(BaseHTTPRequestHandler):
    """Answers every path with one of the fixtures."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path in FILES:
            self.answer(200, *FILES[self.path])
        else:
            self.answer(500, "text/plain", b"This tool intentionally returns an error for testing")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(200, "application/json", reloaded(Path(sys.argv[1]), self.path))

    def answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the runtime's own log shows its requests."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Answers).serve_forever()
