"""The image that agents run in, built by the product itself on a base made from Debian's packages.

No registry of images is asked. The base differs from Debian's own only in what this machine needs to reach
the network, its certificates; the Dockerfile is the product's.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import docker

from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.image import Recipe, build_image, find_image
from qms_tui.runtime.docker.kit import our_kit

from .image import CONTENT_LABEL, content_in

BASE = "qms-tui-test-base"
CLIENT = "qms-tui-test-client"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "/etc/ssl/test-certificates.crt"
VARIABLES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
BUILD_SECONDS = 600  # everything from nothing, on a busy machine
MAKE = (
    "mmdebstrap", "--variant=minbase", "--mode=root", "--include=ca-certificates",
    # As in Debian's own images for containers.
    "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
    f"--customize-hook=copy-in {CERTIFICATES} /tmp",
    f'--customize-hook=mv "$1/tmp/{CERTIFICATES.name}" "$1{INSIDE}"',
    "bookworm",
)  # fmt: skip


class NoDebian(Exception):
    """The base cannot be made here."""


def ensure(engine: Engine, scratch: Path, version: str = "") -> str:
    """Return the name of the product's image, which the engine now has; `version` is that of the client, by
    default the one that the Dockerfile pins. Raises NoDebian."""
    version = version or our_kit().client_version
    base = _ensure_base(engine.api, scratch)
    tag = f"{CLIENT}:{our_kit().hash}-{base.partition(':')[2]}-{version}"
    recipe = Recipe(our_kit(), base, client_version=version, tag=tag)
    if find_image(engine, recipe.tag) is None:
        build_image(engine, recipe, lambda progress: None)
    return recipe.tag


def _ensure_base(engine: docker.APIClient, scratch: Path) -> str:
    content = hashlib.sha256(CERTIFICATES.read_bytes() + repr((MAKE, VARIABLES)).encode()).hexdigest()
    name = f"{BASE}:{content[:12]}"
    if content_in(engine, name) == content:
        return name
    changes = [f"ENV {variable}={INSIDE}" for variable in VARIABLES]
    changes.append(f"LABEL {CONTENT_LABEL}={content}")
    engine.import_image_from_data(_packed(scratch), repository=name, changes=changes)  # Podman heeds no tag=
    assert content_in(engine, name) == content, f"the engine did not import {name}"
    return name


def _packed(scratch: Path) -> bytes:
    if shutil.which(MAKE[0]) is None:
        raise NoDebian("no mmdebstrap: apt-get install mmdebstrap")
    target = scratch / "base.tar"
    made = subprocess.run([*MAKE, target], capture_output=True, text=True, timeout=BUILD_SECONDS)
    if made.returncode:
        raise NoDebian(f"mmdebstrap failed: {made.stderr[-2000:]}")
    return target.read_bytes()
