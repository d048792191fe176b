"""Can it be read? Contrast of every text on every ground, and gains told from losses by eyes without one cone.

Contrast: WCAG 2.1, relative luminance. Colour blindness: Machado, Oliveira and Fernandes (2009), severity 1.0, in
linear RGB. Distance: CIE 1976 L*a*b*, D65.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from seawall import words
from seawall.report import html

THEMES = ("light", "dark")
LEAST = 4.5  # WCAG AA for text below 24 px
APART = 8.0  # L*a*b* distance; 2.3 is just noticeable, so this is clear side by side at the faintest level
SIMULATIONS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def tokens(theme: str) -> dict[str, str]:
    """Colour tokens of the page's own sheet; dark overrides light."""
    light, dark = re.findall(r":root\{(.*?)\}", html.style(), re.DOTALL)
    found = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", light))
    return found | dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", dark)) if theme == "dark" else found


def linear(colour: str) -> np.ndarray:
    """Linear RGB of a hexadecimal colour."""
    channels = np.array([int(colour[n:n + 2], 16) for n in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """Contrast ratio, 1 to 21."""
    bright, dim = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (first, second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB, D65."""
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])
    ratio = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_contrast_of_black_on_white_is_twenty_one():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ink", ["ink", "ink2", "ink3", "accent", "warn", "breach"])
@pytest.mark.parametrize("ground", ["bg", "panel"])
def test_every_ink_is_read_on_every_ground(theme, ink, ground):
    found = tokens(theme)
    assert contrast(found[ink], found[ground]) >= LEAST


@pytest.mark.parametrize("theme", THEMES)
def test_explanations_are_read(theme):
    assert contrast(tokens(theme)["tipink"], tokens(theme)["tipbg"]) >= LEAST


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("side", ["l", "g"])
@pytest.mark.parametrize("level", range(6))
def test_numbers_are_read_on_every_level_of_heat(theme, side, level):
    found = tokens(theme)
    ground = found[f"{side}{level}"] if level else found["z"]
    ink = found["ink"] if level < 3 else found[f"on{level}"]
    assert contrast(ink, ground) >= LEAST


def test_the_sheet_sets_the_inks_that_the_heat_levels_are_tested_with():
    for side in "lg":
        for level in (3, 4, 5):
            assert f".h-{side}{level}{{background:var(--{side}{level});color:var(--on{level})}}" in html.style()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("matrix", SIMULATIONS.values(), ids=SIMULATIONS)
@pytest.mark.parametrize("level", range(1, 6))
def test_gain_and_loss_of_equal_level_stay_apart_for_every_eye(theme, matrix, level):
    found = tokens(theme)
    seen = [lab(np.array(matrix) @ linear(found[f"{side}{level}"])) for side in "lg"]
    assert np.linalg.norm(seen[0] - seen[1]) >= APART


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("matrix", SIMULATIONS.values(), ids=SIMULATIONS)
def test_bars_of_gain_and_loss_stay_apart_for_every_eye(theme, matrix):
    found = tokens(theme)
    seen = [lab(np.array(matrix) @ linear(found[side])) for side in ("loss", "gain")]
    assert np.linalg.norm(seen[0] - seen[1]) >= 2 * APART


def test_status_is_told_by_shape_and_word_and_not_by_colour_alone():
    shapes = {words.SHAPE[level] for level in words.LEVEL.values()}
    assert len(shapes) == len(set(words.LEVEL.values()))
    for level in set(words.LEVEL.values()):
        assert f".st.{level} i{{" in html.style()
