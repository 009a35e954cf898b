"""Hostile text made visible: what is invisible, reorders its neighbours or poses as another letter becomes a glyph."""

import re
import unicodedata
from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: Beyond printable ASCII, newline and tab everything is looked at more closely.
_SUSPECT = re.compile(r"[^\x20-\x7e\n\t]")
_WORDS = re.compile(r"\s+|\S+")
_HOST = re.compile(r"[^\W_][\w-]*\.[^\W\d_]{2,}|@|://")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
#: Unicode categories that show nothing or steer the text around them.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
#: Letters and symbols of visible categories that nevertheless draw an empty cell.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
#: Characters that pose as `.`, `/`, `:`, `-` or `@` in an address.
_PUNCTUATION = frozenset(
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2024\u2044\u2215\u2236\u29f8\u3002\ua789\ufe52\ufe55\ufe6b\uff0d\uff0e\uff0f\uff1a\uff20\uff61"
)
_CONFUSABLE_SCRIPTS = (
    "ARMENIAN",
    "CHEROKEE",
    "COPTIC",
    "CYRILLIC",
    "DOUBLE-STRUCK",
    "FULLWIDTH",
    "GREEK",
    "LISU",
    "MATHEMATICAL",
    "SCRIPT",
)
#: A page must not grow without bound over a payload of 256 KiB of controls.
_MOST_GLYPHS = 400
_MOST_MARKS = 2


def wire_html(text: str) -> SafeString:
    """Return `text` escaped, each suspicious character as <span class="glyph">‹U+202E›</span>."""
    if not _SUSPECT.search(text):
        return format_html("{}", text)
    pieces: list[SafeString] = []
    glyphs = 0
    for plain, codes in _runs(text.replace("\r\n", "\n")):
        if not codes:
            pieces.append(format_html("{}", plain))
        elif glyphs < _MOST_GLYPHS:
            glyphs += 1
            pieces.append(_glyph(plain, codes))
        elif glyphs == _MOST_GLYPHS:
            glyphs += 1
            pieces.append(format_html('<span class="glyph">{}</span>', "‹more of these not shown›"))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def _glyph(plain: str, codes: list[str]) -> SafeString:
    name = unicodedata.name(codes[0], "CONTROL CHARACTER")
    label = f"U+{ord(codes[0]):04X}"
    times = f" ×{len(codes)}" if len(codes) > 1 else ""
    return format_html('{}<span class="glyph" title="{}">‹{}{}›</span>', plain, name, label, times)


def _runs(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (visible text, []) and (letter to show or "", [the same suspicious character, repeated])."""
    plain = ""
    codes: list[str] = []
    shown = ""
    for character, is_suspicious, is_visible in _characters(text):
        if codes and (not is_suspicious or character != codes[0]):
            yield shown, codes
            codes = []
        if not is_suspicious:
            plain += character
            continue
        if plain:
            yield plain, []
            plain = ""
        shown = character if is_visible else ""
        codes.append(character)
    if codes:
        yield shown, codes
    if plain:
        yield plain, []


def _characters(text: str) -> Iterator[tuple[str, bool, bool]]:
    """Yield (character, is it suspicious, may it be drawn beside its code)."""
    for word in _WORDS.findall(text):
        if word.isascii() and not _SUSPECT.search(word):
            yield from ((character, False, True) for character in word)
            continue
        is_host = bool(_HOST.search(word))
        has_ascii = bool(_ASCII_LETTER.search(word))
        marks = 0
        for character in word:
            marks = marks + 1 if unicodedata.combining(character) else 0
            if _is_invisible(character) or marks > _MOST_MARKS:
                yield character, True, False
            else:
                yield (
                    character,
                    _poses(character, is_host=is_host, has_ascii=has_ascii),
                    True,
                )


def _is_invisible(character: str) -> bool:
    if character in " \n\t":
        return False
    if character in _BLANK or 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF:
        return True
    return unicodedata.category(character) in _INVISIBLE


def _poses(character: str, *, is_host: bool, has_ascii: bool) -> bool:
    """Tell whether a visible character may be read as another: foreign letters inside a Latin word or a host name."""
    if character.isascii():
        return False
    if is_host or (has_ascii and character in _PUNCTUATION and character not in "\u2013\u2014"):
        return character.isalnum() or character in _PUNCTUATION
    return has_ascii and unicodedata.name(character, "").startswith(_CONFUSABLE_SCRIPTS)
