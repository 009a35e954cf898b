"""Accounts, machines, names asked for and paths in the sentences of log lines: `Failed password for mia from …`."""

import re

from incidents.normalize.entities import Entities
from incidents.normalize.texts import word_list

_ACCOUNT = r"([A-Za-z0-9_][\w.@\\$+-]{0,63})"
_USERS = (
    re.compile(rf"\bfor (?:invalid user |illegal user |user )?'?{_ACCOUNT}'? from\b"),
    re.compile(
        rf"\b(?:[Uu]ser(?:[ _]?[Nn]ame)?|USER(?:NAME)?|[Aa]ccount|[Ll]ogin|admin(?:istrator)?)"
        rf"(?: name)?(?: ?[:=] ?| +)['\"<\[(]{{0,2}}{_ACCOUNT}"
    ),
    re.compile(rf"\bby {_ACCOUNT} (?:on|from|at|via)\b"),
    re.compile(rf"\b(?:authenticate|login|logon|logged in|log in) (?:with|as|for) '?{_ACCOUNT}"),
    re.compile(rf"\bLogin (?:OK|incorrect|failed)[^\[]{{0,80}}: \[{_ACCOUNT}"),
    re.compile(r"(?<![\w:\\/.])([A-Za-z][A-Za-z0-9.-]{1,30}\\[\w.$@-]{2,40})(?![\w\\])"),
    re.compile(rf"\bUSER=?{_ACCOUNT} ;|\buid=([A-Za-z][\w.-]{{1,40}}),"),
    re.compile(rf"^\S{{3,60}} \S{{1,30}} {_ACCOUNT} \[\d\d/[A-Z][a-z]{{2}}/\d{{4}}:"),
)
_NOBODY = frozenset(
    word_list(
        "from is was has name with on not in to account authentication login logged logon session failed and or for by "
        "the of at a an id ids group groups agent data database does did have been are be can cannot could will who "
        "that this than initiated requested request ip policy profile unknown invalid via access type list entry "
        "added removed changed created deleted successfully successful attempt attempts password settings rights "
        "succeeded ok incorrect found timeout timed defined info information role action activity directory mode module"
    )
)
_NAMES = (
    re.compile(r"\b(?:query|answer|resolving|question|reply|response)[: ']{1,3}([A-Za-z0-9_-][\w.-]{2,252})"),
    re.compile(r"\b([A-Za-z0-9_-][\w.-]{2,252})\.? (?:IN )?(?:A|AAAA|PTR|MX|TXT|CNAME|NS|SOA|SRV|HTTPS|ANY)\b(?: IN)?"),
    re.compile(r"'([A-Za-z0-9_-][\w.-]{2,252})/(?:A|AAAA|PTR|MX|TXT|CNAME|NS|SOA|SRV|IN|HTTPS)\b"),
    re.compile(r"\b(?:GET|POST|HEAD|PUT|CONNECT|OPTIONS) ([A-Za-z0-9-][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})(?=[/: ])"),
)
_PATH = re.compile(
    r"(?<![\w\\/])(?:[A-Za-z]:\\|\\\\[\w.-]{1,64}\\)(?:[^\\/:*?\"<>|\r\n,;=]{1,120}\\){0,20}[^\\/:*?\"<>|\r\n,;=\s]{1,120}"
)
_UNIX = re.compile(
    r"(?<![\w./:-])/(?:usr|opt|etc|var|tmp|home|bin|sbin|root|srv|boot|lib|dev/shm|export)/[\w./+-]{2,200}"
)
_PROGRAM = re.compile(r"^(?:<\d{1,3}>)?\s*([A-Za-z][\w./-]{1,40})(?:\[\d{1,10}\])?: ")
_PROGRAMS = (".exe", ".dll", ".com", ".scr", ".bat", ".cmd", ".ps1", ".msi")
_READ = 6000


def take(text: str, entities: Entities) -> None:
    """Take what the sentences of a line name; roles are those of the phrase."""
    text = text[:_READ]
    for pattern in _USERS:
        for found in pattern.finditer(text):
            account = next(group for group in found.groups() if group)
            if account.lower().rstrip(".") not in _NOBODY and not account.isdigit():
                entities.add_user(account.rstrip("."), "actor")
    for pattern in _NAMES:
        for found in pattern.finditer(text):
            entities.add("domain", found[1].rstrip("."), "related")
    take_paths(text, entities)


def take_paths(text: str, entities: Entities) -> None:
    """Take Windows and Unix paths in a text: programs by their ending, other files."""
    for found in _PATH.finditer(text):
        path = found.group().rstrip(".)]'")
        entities.add("process" if path.lower().endswith(_PROGRAMS) else "file", path, "related")
    for found in _UNIX.finditer(text):
        path = found.group().rstrip(".")
        entities.add("process" if "/bin/" in path or "/sbin/" in path else "file", path, "related")


def program(text: str) -> str:
    """Return the program that a line without a header begins with: `sshd[12]: …`."""
    found = _PROGRAM.match(text)
    return found[1] if found and "[" in text[: found.end()] else ""
