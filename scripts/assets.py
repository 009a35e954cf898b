"""Keep the vendored browser files honest: check their hashes, rewrite the manifest, build the icon sprite.

Usage: python scripts/assets.py check | manifest | icons FOLDER_OF_OUTLINE_SVGS
"""

import hashlib
import re
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "MANIFEST.sha256"
#: Only what a template names: the sprite is loaded by every page.
ICONS = [
    "activity",
    "alert-triangle",
    "arrow-back-up",
    "ban",
    "bolt",
    "book-2",
    "building-community",
    "chart-bar",
    "check",
    "chevron-down",
    "chevron-right",
    "circle-check",
    "circle-dashed",
    "circle-x",
    "clock",
    "contrast",
    "copy",
    "device-desktop",
    "external-link",
    "eye",
    "file-text",
    "help-circle",
    "history",
    "hourglass",
    "inbox",
    "info-circle",
    "keyboard",
    "layout-sidebar-left-collapse",
    "link",
    "list-check",
    "lock",
    "logout",
    "menu-2",
    "moon",
    "player-pause",
    "point",
    "quote",
    "refresh",
    "robot",
    "search",
    "server-2",
    "shield-check",
    "shield-lock",
    "sun",
    "target",
    "user",
    "user-check",
    "users",
    "wifi-off",
    "world",
    "x",
]


def hashes() -> dict[str, str]:
    """Return {path below static/vendor: SHA-256 in hex} of every vendored file but the manifest."""
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path != MANIFEST)
    return {str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write_manifest() -> None:
    lines = [f"{digest}  {name}\n" for name, digest in hashes().items() if name != "README.md"]
    MANIFEST.write_text("".join(lines), encoding="utf-8")


def differences() -> list[str]:
    """Return one sentence per vendored file that is missing, unknown or changed."""
    lines = MANIFEST.read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {name: digest for name, digest in hashes().items() if name != "README.md"}
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    return [f"static/vendor/{name}: {_how_wrong(name, listed, found)}" for name in wrong]


def _how_wrong(name: str, listed: dict[str, str], found: dict[str, str]) -> str:
    if name not in found:
        return "missing"
    return "changed" if name in listed else "not in the manifest"


def build_sprite(folder: Path) -> None:
    """Write static/icons.svg with one <symbol> per name in ICONS."""
    symbols = [_symbol(name, (folder / f"{name}.svg").read_text(encoding="utf-8")) for name in ICONS]
    text = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "".join(symbols) + "</svg>\n"
    (STATIC / "icons.svg").write_text(text, encoding="utf-8")


def _symbol(name: str, svg: str) -> str:
    shapes = re.findall(r"<(?:path|circle|line|rect|polyline)\b[^>]*>", svg)
    visible = "".join(shape for shape in shapes if 'stroke="none" d="M0 0h24v24H0z"' not in shape)
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round">{visible}</symbol>\n'
    )


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check"]:
            wrong = differences()
            sys.stdout.write("".join(f"{line}\n" for line in wrong))
            return 1 if wrong else 0
        case ["manifest"]:
            write_manifest()
        case ["icons", folder]:
            build_sprite(Path(folder))
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
