"""What an image remembers of how it was built, and what of that the next build repeats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qms_tui.config import BuildConfig
from qms_tui.runtime.docker.build_options import BASE, CLIENT, as_flags, labels_of, repeated
from qms_tui.runtime.docker.image import configured
from qms_tui.runtime.docker.kit import (
    CHECKED,
    LABEL_BASE,
    LABEL_CHECK,
    LABEL_CLIENT,
    LABEL_KIT,
    UNCHECKED,
    our_kit,
)

PLAIN = BuildConfig()
OTHER = {BASE: "here/base:1", CLIENT: "2.1.112"}


@pytest.mark.parametrize("options", [{}, OTHER, {BASE: "here/base:1"}, {CLIENT: "2.1.112"}])
@pytest.mark.parametrize("config", [PLAIN, BuildConfig(base="ubuntu:24.04", client_version="2.1.300")])
def test_options_hold_as_long_as_the_configuration_says_the_same(
    options: dict[str, str], config: BuildConfig
) -> None:
    labels = labels_of(options, config)
    assert repeated(labels, config) == options
    assert repeated(labels, replace(config, packages=("make",))) == options


def test_a_newer_word_of_the_configuration_counts() -> None:
    labels = labels_of(OTHER, PLAIN)
    assert repeated(labels, BuildConfig(base="ubuntu:24.04")) == {CLIENT: "2.1.112"}
    assert repeated(labels, BuildConfig(client_version="2.1.300")) == {BASE: "here/base:1"}


def test_an_image_of_an_older_qms_tui_tells_by_what_it_is() -> None:
    labels = {LABEL_KIT: "old", LABEL_BASE: PLAIN.base, LABEL_CLIENT: "2.1.112", LABEL_CHECK: CHECKED}
    assert repeated(labels, PLAIN) == {}  # its version was pinned then: today's pin is wanted
    assert repeated(labels | {LABEL_CHECK: UNCHECKED}, PLAIN) == {CLIENT: "2.1.112"}
    assert repeated(labels | {LABEL_BASE: "here/base:1"}, PLAIN) == {BASE: "here/base:1"}
    assert repeated(labels | {LABEL_BASE: "here/base:1"}, BuildConfig(base="ubuntu:24.04")) == {}


@pytest.mark.parametrize("labels", [{}, {"qms-tui.build-options": "= x base"}, {LABEL_BASE: "theirs:1"}])
def test_images_of_others_choose_nothing(labels: dict[str, str]) -> None:
    assert repeated(labels, PLAIN) == {}


def test_a_recipe_repeats_what_is_not_chosen_now() -> None:
    labels = configured(PLAIN).choosing(OTHER).labels
    again = configured(PLAIN).repeating(labels)
    assert (again.base, again.client, again.labels) == ("here/base:1", "2.1.112", labels)
    newer = configured(PLAIN).choosing({CLIENT: "2.1.300"}).repeating(labels)
    assert (newer.base, newer.client) == ("here/base:1", "2.1.300")
    assert as_flags(newer.options) == "--base here/base:1 --client-version 2.1.300"


def test_asking_for_the_pinned_version_ends_the_choice() -> None:
    """Else an update of qms-tui would never bring another."""
    labels = configured(PLAIN).choosing(OTHER).labels
    pinned = configured(PLAIN).choosing({CLIENT: our_kit().client_version}).repeating(labels)
    assert pinned.client == our_kit().client_version
    assert repeated(pinned.labels, PLAIN) == {BASE: "here/base:1"}
