"""A headless Chromium, driven over the pipe of its DevTools protocol: nothing to install for it."""

import base64
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60
# what waits for a condition inside the page, by looking again at every frame
UNTIL = """new Promise((resolve, reject) => {{
  const end = Date.now() + {patience} * 1000;
  const look = () => {{
    let found;
    try {{ found = {condition}; }} catch {{ found = null; }}
    if (found) resolve(found);
    else if (Date.now() > end) reject(new Error("never: " + {shown}));
    else setTimeout(look, 20);
  }};
  look();
}})"""


class Page:
    """One tab: JavaScript, screenshots, and what the page complained about."""

    def __init__(self, sent: int, received: int) -> None:
        self._sent = os.fdopen(sent, "wb", buffering=0)
        self._received = os.fdopen(received, "rb")
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []

    def open(self, url: str) -> None:
        """Open a page and wait until it has loaded."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        self._call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression: str) -> Any:
        """Return the JSON value of an expression, awaited; raise what it throws."""
        done = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in done:
            raise AssertionError(done["exceptionDetails"].get("exception", {}).get("description"))
        return done["result"].get("value")

    def until(self, condition: str) -> Any:
        """Wait until an expression is true; return its value."""
        shown = json.dumps(condition)
        return self.evaluate(UNTIL.format(condition=condition, shown=shown, patience=PATIENCE))

    def click(self, expression: str) -> None:
        """Click an element as a user does: where it is, with the mouse."""
        box = self.evaluate(
            f"(() => {{ const it = {expression}; it.scrollIntoView({{block: 'center'}});"
            " const box = it.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        where = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, **where)

    def write(self, expression: str, text: str) -> None:
        """Write into a field as a user does."""
        self.evaluate(f"({expression}).focus()")
        self._call("Input.insertText", text=text)

    def screenshot(self, file: Path) -> None:
        """Keep a picture of what is seen."""
        file.parent.mkdir(parents=True, exist_ok=True)
        picture = self._call("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(picture))

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._sent.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(params["entry"]["text"])

    def _next(self) -> bytes:
        pieces = bytearray()
        while (piece := self._received.read(1)) != b"\0":
            if not piece:
                raise AssertionError("the browser is gone")
            pieces += piece
        return bytes(pieces)

    def close(self) -> None:
        self._sent.close()
        self._received.close()


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Run a browser with a fresh profile; yield its page. It is ended after two minutes at most."""
    to_it, our_end = os.pipe()
    their_end, from_it = os.pipe()
    options = (
        "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
        f"--disable-extensions --window-size=1100,1400 --remote-debugging-pipe --user-data-dir={folder}"
    )
    # the protocol wants descriptors 3 and 4
    command = ["bash", "-c", f"exec {PROGRAM} {options} 3<&{to_it} 4>&{from_it}"]
    with subprocess.Popen(
        command,
        pass_fds=(to_it, from_it),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},  # noqa: TID251 - a program's own
    ) as process:
        os.close(to_it)
        os.close(from_it)
        watchdog = threading.Timer(120, process.kill)
        watchdog.start()
        page = Page(our_end, their_end)
        try:
            yield page
        finally:
            watchdog.cancel()
            process.kill()
            page.close()
