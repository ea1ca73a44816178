"""Pins a version of Claude Code in the Dockerfile, with the digests of its archives.

    python3 docker/pin.py 2.1.331

npm says the digests; everybody who builds afterwards gets these bytes or an error.
"""

import re
import subprocess
import sys
from pathlib import Path

DOCKERFILE = Path(__file__).with_name("Dockerfile")
PROCESSORS = ("x64", "arm64")
DIGEST = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")


def pinned(dockerfile: str, version: str, digests: dict[str, str]) -> str:
    """The Dockerfile with another version of the client, and the digest of its archive for each processor."""
    dockerfile = re.sub(r"(?m)^(ARG CLIENT_VERSION=).*$", rf"\g<1>{version}", dockerfile)
    for processor, digest in digests.items():
        line = rf"(?m)^( +{processor}-)\S+(\) digest=)\S+( ;;)"
        dockerfile = re.sub(line, rf"\g<1>{version}\g<2>{digest}\g<3>", dockerfile)
    return dockerfile


def published(version: str, processor: str) -> str:
    """The digest of the archive for a processor, as npm's registry has it."""
    package = f"@anthropic-ai/claude-code-linux-{processor}@{version}"
    said = subprocess.run(["npm", "view", package, "dist.integrity"], capture_output=True, text=True)
    digest = said.stdout.strip()
    if not DIGEST.fullmatch(digest):
        sys.exit(f"npm names no sha512 of {package}: {digest or said.stderr.strip() or 'no such version'}")
    return digest


def main(version: str) -> None:
    """Write both into the Dockerfile, or nothing."""
    digests = {processor: published(version, processor) for processor in PROCESSORS}
    DOCKERFILE.write_text(pinned(DOCKERFILE.read_text(), version, digests))


if __name__ == "__main__":
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+[0-9A-Za-z.-]*", sys.argv[1]):
        sys.exit("usage: python3 docker/pin.py VERSION")
    main(sys.argv[1])
