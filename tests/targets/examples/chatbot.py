"""A chatbot behind HTTP that remembers every user by id; the standard library is enough.

    python chatbot.py PORT        # 0: any free one; prints its URL

It answers POST /chat {"message", "user_id", "session_id", …} with {"reply": …}, /chat/sse and /chat/lines with the same in pieces. It says back what
user told it, so that whatever it remembers can be seen. CHATBOT_KEY, if set, must come as `Authorization: Bearer …`. A message that comes again under
its Idempotency-Key is answered as before.
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

memory: dict[str, list[str]] = {}
answers: dict[str, str] = {}
log: list[dict[str, object]] = []
leaky = "--leaky" in sys.argv
failing: list[str] = []
taken_in: dict[str, int] = {}


class Chatbot(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        log.append({"method": "POST", "path": self.path, "headers": dict(self.headers), "body": body})
        if self.path == "/control":
            failing[:] = body["failing"]
            self.send({})
            return
        key = os.environ.get("CHATBOT_KEY")
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            self.send({"error": f"not the key: {self.headers.get('Authorization')}"}, status=401)
        elif failing and self.path.startswith("/chat"):
            self.fail(failing.pop(0), body)
        elif self.path.startswith("/chat"):
            self.chat(body)
        elif self.path == "/sessions":
            self.send({"session": {"id": f"given-{len(log)}"}})
        elif self.path == "/reset":
            memory.pop(body["user_id"], None)
            self.send({})
        else:
            self.send({}, status=200 if self.path == "/close" else 404)

    def do_GET(self) -> None:
        if self.path == "/log":
            self.send(log)
            return
        log.append({"method": "GET", "path": self.path, "headers": dict(self.headers), "body": None})
        if self.path.startswith("/taken-in/"):
            user = self.path.rsplit("/", 1)[1]
            taken_in[user] = taken_in.get(user, 0) + 1
            self.send({"state": "done" if taken_in[user] % 2 == 0 else "busy"})
        else:
            self.send({"up": True}, status=200 if self.path == "/health" else 404)

    def do_DELETE(self) -> None:
        log.append({"method": "DELETE", "path": self.path, "headers": dict(self.headers), "body": None})
        self.send({}, status=200 if memory.pop(self.path.rsplit("/", 1)[1], None) is not None else 404)

    def chat(self, body: dict[str, object]) -> None:
        reply = self.hear(body)
        if self.path == "/chat/sse":
            pieces = [f"data: {json.dumps({'delta': {'text': p}})}\n\n" for p in (reply[:7], reply[7:])]
            self.stream(": here it comes\n\n" + 'data: {"usage": 3}\n\n' + "".join(pieces) + "data: [DONE]\n\n", "text/event-stream")
        elif self.path == "/chat/lines":
            self.stream("".join(json.dumps({"delta": {"text": p}}) + "\n" for p in (reply[:7], reply[7:])), "application/x-ndjson")
        else:
            self.send({"reply": reply, "echo": body})

    def hear(self, body: dict[str, object]) -> str:
        key = str(self.headers.get("Idempotency-Key"))
        if key not in answers:
            known = memory.setdefault("everybody" if leaky else str(body["user_id"]), [])
            answers[key] = "That is new to me." if not known else "You told me: " + " / ".join(known)
            known.append(str(body["message"]))
        return answers[key]

    def fail(self, how: str, body: dict[str, object]) -> None:
        if how == "hang":
            time.sleep(3)
        if how == "heard":
            self.answer_again(body)
        elif how == "garbage":
            self.send("<html>not what you asked for</html>")
        elif how == "empty":
            self.send({"reply": ""})
        elif how == "elsewhere":
            self.send({"answer": "here I am, " * 40})
        else:
            self.send({"error": "broken"}, status=int(how) if how.isdigit() else 500)

    def answer_again(self, body: dict[str, object]) -> None:
        """Answer a message that comes again; hear a new one and leave it unanswered for as long as somebody waits."""
        if str(self.headers.get("Idempotency-Key")) in answers:
            self.chat(body)
            return
        self.hear(body)
        self.connection.recv(1)
        self.close_connection = True

    def send(self, value: object, *, status: int = 200) -> None:
        data = (value if isinstance(value, str) else json.dumps(value)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, text: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for i in range(0, len(text), 11):
            self.wfile.write(text.encode()[i : i + 11])
            self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Chatbot)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
