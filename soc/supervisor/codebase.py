"""Whether the database was migrated by this very code: then a start need not migrate again."""

import hashlib
from pathlib import Path

from soc.supervisor.children import PROJECT


def fingerprint(project: Path = PROJECT) -> str:
    """Return a digest of everything that decides what `migrate` does: our code and the locked libraries."""
    packages = sorted(folder.parent for folder in project.glob("*/__init__.py") if folder.parent.name != "tests")
    files = [project / "uv.lock", *(file for package in packages for file in sorted(package.rglob("*.py")))]
    digest = hashlib.sha256()
    for file in files:
        if file.exists():
            digest.update(f"{file.relative_to(project)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
