"""The options of `qms-tui build`, which an image remembers so that the next build repeats them. Pure.

An option holds until the configuration says something else than it did when the option was used: the newest
word of the human's counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from qms_tui.config import BuildConfig
from qms_tui.runtime.docker.kit import LABEL_BASE, LABEL_CHECK, LABEL_CLIENT, LABEL_KIT, UNCHECKED

LABEL_OPTIONS = "qms-tui.build-options"
LABEL_CONFIGURED = "qms-tui.build-configured"  # what the configuration said of the same, at that time
BASE, CLIENT = "base", "client_version"
FLAGS = {BASE: "--base", CLIENT: "--client-version"}
Options = Mapping[str, str]
"""What was chosen, by `BASE` and `CLIENT`; what is missing was left to the configuration."""


def labels_of(options: Options, config: BuildConfig) -> dict[str, str]:
    """What an image that is built so remembers."""
    return {LABEL_OPTIONS: _written(options), LABEL_CONFIGURED: _written(_configured(config))}


def repeated(labels: Mapping[str, str], config: BuildConfig) -> dict[str, str]:
    """The options that the image with these labels was built with, as far as they still hold."""
    now = _configured(config)
    if LABEL_OPTIONS not in labels:
        return _of_old(labels) if now == _configured(BuildConfig()) else {}
    options, before = _read(labels[LABEL_OPTIONS]), _read(labels.get(LABEL_CONFIGURED, ""))
    return {name: options[name] for name in FLAGS if name in options and before.get(name, "") == now[name]}


def as_flags(options: Options) -> str:
    """The options as they are typed."""
    return " ".join(f"{flag} {options[name]}" for name, flag in FLAGS.items() if name in options)


def _of_old(labels: Mapping[str, str]) -> dict[str, str]:
    """Of an image that remembers none: what no configuration would have given."""
    options = {}
    if labels.get(LABEL_KIT) and labels.get(LABEL_BASE, "") not in ("", BuildConfig().base):
        options[BASE] = labels[LABEL_BASE]
    if labels.get(LABEL_CHECK) == UNCHECKED and labels.get(LABEL_CLIENT):
        options[CLIENT] = labels[LABEL_CLIENT]
    return options


def _configured(config: BuildConfig) -> dict[str, str]:
    return {BASE: config.base, CLIENT: config.client_version or ""}


def _written(words: Mapping[str, str]) -> str:
    """Neither names of images nor versions have blanks."""
    return " ".join(f"{name}={value}" for name, value in words.items())


def _read(label: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in label.split())
    return {name: value for name, equals, value in pairs if equals}
