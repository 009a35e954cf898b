"""Collecting entities while a payload is read: canonical, each once, bounded, refusals noted."""

import re
from collections.abc import Iterable
from typing import Any

from incidents.normalize.canonical import canonical, refang
from incidents.normalize.record import MAX_ENTITIES, EntityRef
from incidents.normalize.texts import HIDDEN, as_text, word_list

#: Scanned text per string and per alert: enough for any log line, too little to burn a processor with.
SCAN_LENGTH = 8_000
SCAN_BUDGET = 64_000

_TOKEN = re.compile(
    r"(?P<url>\b(?:https?|ftp|hxxps?)(?:\[:\]|:)//[^\s\"'<>|\\^`{}]{3,400})"
    r"|(?P<email>\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}\b)"
    r"|(?P<ip>(?<![\w.:])(?:\d{1,3}(?:\.|\[\.\])){3}\d{1,3}(?![\w]|\.\d))"
    r"|(?P<ip6>(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{1,4}|(?:\d{1,3}\.){3}\d{1,3})(?![\w:]))"
    r"|(?P<hash>(?<![0-9A-Za-z])"
    r"(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{96}|[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9A-Za-z]))"
    r"|(?P<domain>(?<![\w@./\\-])(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(?:\.|\[\.\])){1,8}"
    r"[A-Za-z]{2,24}(?![\w\\/-]*[(\\]|\.\w|[\w@]))"
)
#: A program in quotes, a Windows path up to its ending (it may hold spaces), or the first word.
_PROGRAM = re.compile(
    r"\s*(?:\"([^\"]{1,400})\"|([A-Za-z]:\\[^\"<>|]{1,300}?\.(?:exe|com)\b|\S{1,400}))", re.IGNORECASE
)
#: In free text a dotted word is a domain only with one of these endings: elsewhere it is a file or a class.
_TLDS = frozenset(
    word_list(
        "com net org info biz io co edu gov mil int dev app cloud online site xyz top club shop live tech "
        "store internal local lan corp example onion"
    )
)
_NOT_COUNTRIES = frozenset(
    word_list("py sh js ps so pl md rs gz db cs vb sc la am ms ai ip id at is in it no do to be my")
)


class Entities:
    """The entities of one alert in the making."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], EntityRef] = {}
        self.notes: list[str] = []
        self._budget = SCAN_BUDGET

    def add(self, kind: str, value: Any, role: str = "related") -> bool:
        """Take `value` as an entity if it is one; a role that is known replaces `related`."""
        text = as_text(value)
        if not text:
            return False
        name = canonical(kind, text)
        if name is None:
            self._refused(kind, text)
            return False
        key = (kind, name.casefold())
        before = self.found.get(key)
        if before is None and len(self.found) >= MAX_ENTITIES:
            self._note(f"More than {MAX_ENTITIES} entities; the rest is only in the raw payload.")
        elif before is None or (before.role == "related" and role != "related"):
            self.found[key] = EntityRef(kind, before.value if before else name, role)
        return True

    def add_all(self, kind: str, values: Iterable[Any], role: str = "related") -> None:
        """Take every value."""
        for value in values:
            self.add(kind, value, role)

    def add_address(self, value: Any, role: str) -> None:
        """Take a field that sources fill with an address, a domain or a host's name."""
        text = as_text(value)
        if text and not (self._is("ip", text, role) or self._is("domain", text, role)):
            self.add("host", text, role)

    def add_host(self, value: Any, role: str = "target") -> None:
        """Take a machine's name; where a source writes an address there, take it as one."""
        text = as_text(value)
        if text and not self._is("ip", text, role):
            self.add("host", text, role)

    def add_user(self, value: Any, role: str = "actor", *, account_domain: Any = None) -> None:
        """Take an account, with its Windows domain where that stands in a field of its own."""
        text, place = as_text(value), as_text(account_domain)
        if text and place and "\\" not in text and "@" not in text:
            text = f"{place}\\{text}"
        if text:
            self.add("user", text, role)
        if "@" in text:
            self._is("email", text, role)

    def add_hashes(self, value: Any, role: str = "related") -> None:
        """Take one digest or Sysmon's list `SHA1=..,MD5=..`; IMPHASH describes an import table, not a file."""
        for part in as_text(value).split(","):
            name, equals, digest = part.partition("=")
            if name.strip().upper() != "IMPHASH":
                self.add("hash", digest if equals else name, role)

    def add_command(self, value: Any, role: str = "actor") -> None:
        """Take the program at the head of a command line, and scan the rest of it."""
        text = as_text(value)[:2000]
        found = _PROGRAM.match(text)
        program = (found[1] or found[2]) if found else ""
        if "\\" in program or "/" in program or program.lower().endswith((".exe", ".com", ".dll")):
            self.add("process", program, role)
        self.scan(text)

    def scan(self, value: Any, role: str = "related") -> None:
        """Take the addresses, hashes, URLs, e-mails and domains that stand in a free text."""
        if not isinstance(value, str) or len(value) < 6 or self._budget <= 0:
            return
        text = value[: min(SCAN_LENGTH, self._budget)]
        self._budget -= len(text)
        for match in _TOKEN.finditer(text):
            self._take_token(match.lastgroup or "", match.group(), role)

    def refs(self) -> tuple[EntityRef, ...]:
        """Return what was found, in the order found."""
        return tuple(self.found.values())

    def _take_token(self, kind: str, text: str, role: str) -> None:
        if kind == "ip6":
            kind = "ip"
        if kind == "url":
            text = text.rstrip(".,;:)]'\"")
        if kind == "domain" and not _is_domain_word(text):
            return
        self._is(kind, text, role)

    def _is(self, kind: str, text: str, role: str) -> bool:
        return canonical(kind, text) is not None and self.add(kind, text, role)

    def _refused(self, kind: str, text: str) -> None:
        if HIDDEN.search(text):
            self._note(f"A {kind} with hidden or control characters was not taken as one.")
        elif len(text) > 512:
            self._note(f"A {kind} of {len(text)} characters was not taken as one.")

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)


def _is_domain_word(text: str) -> bool:
    ending = refang(text).rsplit(".", 1)[-1].lower()
    return ending in _TLDS or (len(ending) == 2 and ending not in _NOT_COUNTRIES)
