"""Hostile text on a page: always escaped, nothing hidden, nothing that poses as something else."""

import re
import unicodedata
from html import unescape

import pytest
from django.template import engines
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.wire import wire_html

TAGS = re.compile(r"</?span[^<>]*>")


def visible(text: str) -> str:
    """Return what a reader sees: without our own spans, entities resolved."""
    return unescape(TAGS.sub("", wire_html(text)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 100 % fine", "plain text, 100 % fine"),
        ("evil\u202etxt.exe", "evil‹U+202E›txt.exe"),
        ("zero\u200bwidth", "zero‹U+200B›width"),
        ("nul\x00\x00\x00", "nul‹U+0000 ×3›"),
        ("p\u0430ypal.com", "p\u0430‹U+0430›ypal.com"),
        ("m\u00fcnchen.de", "m\u00fc‹U+00FC›nchen.de"),
        ("bank\uff0ecom", "bank\uff0e‹U+FF0E›com"),
        ("M\u00fcller meint: na\u00efve", "M\u00fcller meint: na\u00efve"),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", "\u041c\u043e\u0441\u043a\u0432\u0430"),
        ("\u6771\u4eac", "\u6771\u4eac"),
        ("a\u00a0b", "a‹U+00A0›b"),
        ("line\r\nnext", "line\nnext"),
        ("blank\u3164", "blank‹U+3164›"),
        ("tag\U000e0041", "tag‹U+E0041›"),
        ("broken\ud800", "broken‹U+D800›"),
        ("z\u0301\u0301\u0301\u0301", "z\u0301\u0301‹U+0301 ×2›"),
    ],
)
def test_each_trick_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_markup_is_text() -> None:
    html = wire_html('<script>alert(1)</script><hx-partial hx-target="body">\u202e"')
    assert "<script" not in html
    assert "<hx-partial" not in html
    assert html.count("<span") == html.count("</span>") == 1


def test_a_payload_of_nothing_but_controls_stays_small() -> None:
    assert len(wire_html("\x00\x01" * 100_000)) < 60_000


def test_the_filter_takes_anything_and_is_built_in() -> None:
    template = engines["django"].from_string("{{ value|wire }}")
    assert template.render({"value": None}) == ""
    assert template.render({"value": 5}) == "5"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_nothing_invisible_or_unescaped_survives(text: str) -> None:
    html = wire_html(text)
    assert "<" not in TAGS.sub("", html)
    for character in TAGS.sub("", html):
        assert character in "\n\t " or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
