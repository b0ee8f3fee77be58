"""A small server that speaks the parts of Kubernetes' API that runs need, with the state that goes with them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Cluster:
    """What was created, by name. `log` is what the pod of every Job has printed; None before it began."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    config_maps: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: str | None = None
    broken: bool = False
    calls: list[str] = field(default_factory=list)

    def status(self, name: str, **status: Any) -> None:
        """Set a Job's status."""
        self.jobs[name]["status"] = status

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        """Status code and content of an answer."""
        self.calls.append(f"{method} {path}")
        if self.broken:
            return 500, {"kind": "Status", "message": "etcd is down"}
        kept = self.jobs if "/jobs" in path else self.config_maps
        name = (re.search(r"/(?:jobs|configmaps)/([^/]+)$", path) or [None, None])[1]
        if path.endswith("/log"):
            return (400, {"message": "ContainerCreating"}) if self.log is None else (200, self._logged(query))
        if path.endswith("/pods"):
            pods = [{"metadata": {"name": "pod-1"}, "spec": {"containers": []}}] if self.jobs else []
            return 200, {"items": pods}
        if method == "POST":
            return self._created(kept, body)
        if method == "GET" and name is None:
            return 200, {"items": self._chosen(query)}
        if method == "DELETE" and name is None:
            for item in self._chosen(query):
                del self.config_maps[item["metadata"]["name"]]
            return 200, {}
        if name not in kept:
            return 404, {"kind": "Status", "message": "not found"}
        if method == "PATCH":
            kept[name]["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])
            kept[name]["spec"].update(body["spec"])
        if method == "DELETE":
            del kept[name]
            return 200, {}
        return 200, kept[name]

    def _created(self, kept: dict[str, dict[str, Any]], body: Any) -> tuple[int, Any]:
        name = body["metadata"]["name"]
        if name in kept:
            return 409, {"kind": "Status", "message": "already exists"}
        kept[name] = {**body, "status": {}}
        return 201, kept[name]

    def _chosen(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        key, _, value = query["labelSelector"][0].partition("=")
        return [item for item in self.config_maps.values() if item["metadata"]["labels"].get(key) == value]

    def _logged(self, query: dict[str, list[str]]) -> str:
        lines = (self.log or "").splitlines(keepends=True)
        tail = int(query["tailLines"][0]) if "tailLines" in query else len(lines)
        return "".join(lines[-tail:])


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """The address of a server of that cluster."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            code, content = cluster.answer(self.command, parts.path, parse_qs(parts.query), body)
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if isinstance(content, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
