"""A headless Chromium to open pages in, over its DevTools protocol: what a reader sees, and what the page asked for."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def why_not() -> str:
    """Why pages cannot be opened here; empty where they can."""
    try:
        import websocket  # noqa: F401
    except ImportError:
        return "websocket-client is not installed (dependency group `test`)"
    return "" if executable() else f"none of {', '.join(NAMES)} is on the path"


def executable() -> str:
    """The browser's command; empty where there is none. BROWSER_PATH names another."""
    return next(filter(None, map(shutil.which, (os.environ.get("BROWSER_PATH", ""), *NAMES))), "")


class Browser:
    """One browser with one page; `errors` and `requests` are those since the page was opened."""

    def __init__(self) -> None:
        import websocket

        self.profile = tempfile.TemporaryDirectory(prefix="page-test-", ignore_cleanup_errors=True)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        own = [f"--user-data-dir={self.profile.name}", "--remote-debugging-port=0", "--hide-scrollbars", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([executable(), *flags, *own], **quiet)
        port = Path(self.profile.name) / "DevToolsActivePort"
        until = time.monotonic() + 60
        while not (port.is_file() and len(port.read_text().splitlines()) == 2):
            if time.monotonic() > until or self.process.poll() is not None:
                self.close()
                raise RuntimeError("the browser did not start within a minute")
            time.sleep(0.05)
        number, path = port.read_text().splitlines()
        address = f"ws://127.0.0.1:{number}{path}"
        self.socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self.count, self.session, self.loaded, self.touch = 0, None, False, False
        self.errors: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters) -> dict:
        """One command and its answer; events on the way are kept."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while (answer := self._next()).get("id") != self.count:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _next(self) -> dict:
        message = json.loads(self.socket.recv())
        method, told = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.errors.append(str([one.get("value") for one in told["args"]]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.errors.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = told["request"]["url"]
            self.requests += [] if url.startswith("data:") else [url]
        self.loaded = self.loaded or method == "Page.loadEventFired"
        return message

    def open(self, page: Path, width: int = 1280, height: int = 800, scheme: str = "light") -> None:
        """Open a page in a window of this size; returns once it is loaded."""
        self.touch = width < 700
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": self.touch}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        self.send("Emulation.setTouchEmulationEnabled", enabled=self.touch)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for address in ("about:blank", page.resolve().as_uri()):
            self.errors, self.requests, self.loaded = [], [], False
            self.send("Page.navigate", url=address)
            while not self.loaded:
                self._next()

    def ask(self, script: str):
        """The value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "failed"))
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = 30):
        """The value of an expression as soon as it is true, for what comes by an event; its last one in the end."""
        end = time.monotonic() + seconds
        while not (found := self.ask(script)) and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def place(self, selector: str) -> tuple[float, float]:
        """The middle of an element in the window, scrolled to."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{found}.scrollIntoView({{block: 'center'}})")
        x, y = self.ask(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({found}.getBoundingClientRect())")
        return x, y

    def hover(self, selector: str) -> None:
        """Move the pointer onto an element."""
        x, y = self.place(selector)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        """Press and let go of the pointer on an element, or tap it on a small screen."""
        x, y = self.place(selector)
        if self.touch:
            self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
            self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            return
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, code: int) -> None:
        """Press a key, such as Tab (9), Enter (13) or Escape (27)."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path: Path, whole: bool = False) -> Path:
        """The window, or the whole page, as PNG."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        return path

    def close(self) -> None:
        """End the browser that was started here."""
        if hasattr(self, "socket"):
            self.session = None
            self.socket.settimeout(5)
            try:
                self.send("Browser.close")
            except Exception:
                self.process.terminate()
        else:
            self.process.terminate()
        self.process.wait(timeout=30)
        self.profile.cleanup()
