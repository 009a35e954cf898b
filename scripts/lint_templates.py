"""Refuse in templates what the Content-Security-Policy or escaping would be broken by. Arguments: folders."""

import re
import sys
from pathlib import Path

#: What must not appear, and why in one phrase.
FORBIDDEN = {
    r"\|\s*safe(seq)?\b": "unescaped output",
    r"\bmark_safe\b": "unescaped output",
    r"\bautoescape\s+off\b": "unescaped output",
    r"<[^>]*\sstyle\s*=": "inline style: the CSP refuses it",
    r"<style\b": "inline style: the CSP refuses it",
    r"<[^>]*\son[a-z]+\s*=": "inline script: the CSP refuses it",
    r"\bhx-on\b": "inline script: the CSP refuses it",
    r"\bjs:": "inline script: the CSP refuses it",
    r"\bjavascript:": "inline script: the CSP refuses it",
    r"<script(?![^>]*\bsrc=)(?![^>]*\btype=\"application/json\")": "inline script: the CSP refuses it",
}
_COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}", re.DOTALL)


def problems(path: Path) -> list[str]:
    """Return one line for each forbidden thing in a template, with its line number."""
    text = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), path.read_text(encoding="utf-8"))
    return [
        f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {found.group()[-40:]!r}: {reason}"
        for pattern, reason in FORBIDDEN.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


def main() -> int:
    templates = [file for folder in sys.argv[1:] for file in sorted(Path(folder).rglob("*.html"))]
    found = [line for file in templates for line in problems(file)]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
