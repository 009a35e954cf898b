"""One line an event: the event's name, then its fields. No payloads, no secrets (style 25)."""

import logging

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Format `event key=value …`, escaping what a line of its own could forge."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        fields = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line = super().format(record)
        return line + "".join(f" {key}={_plain(value)}" for key, value in sorted(fields.items()))


def _plain(value: object) -> str:
    return str(value)[:500].encode("unicode_escape").decode("ascii")
