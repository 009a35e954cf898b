"""Severity on our scale of 0 to 10, from scales that differ and run in opposite directions."""

from typing import Any

from incidents.models import Severity
from incidents.normalize.texts import as_text

DEFAULT_SCORE = 5.0
_BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
_WORDS = {
    "critical": 9.5,
    "fatal": 9.5,
    "emergency": 9.5,
    "very-high": 9.5,
    "very high": 9.5,
    "severe": 9.0,
    "high": 8.0,
    "major": 8.0,
    "error": 6.0,
    "medium": 5.5,
    "moderate": 5.5,
    "warning": 5.0,
    "warn": 5.0,
    "minor": 3.0,
    "low": 2.5,
    "notice": 2.0,
    "informational": 1.0,
    "information": 1.0,
    "info": 1.0,
    "debug": 0.5,
    "alert": 8.0,
    "emerg": 9.5,
    "crit": 9.5,
    "err": 6.0,
    "advisory": 2.5,
    "suspicious": 5.5,
    "malicious": 8.0,
    "very low": 1.0,
    "none": 0.0,
}
#: Wazuh's own bands: 0-6 low, 7-11 medium, 12-14 high, 15 and above critical.
_WAZUH = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 4.5, 5.0, 5.5, 6.0, 6.5, 7.5, 8.0, 8.5, 9.5)
_SYSLOG = (8.5, 8.0, 7.5, 6.0, 5.0, 2.0, 1.0, 0.5)
#: Suricata and Snort count downwards: 1 is the worst.
_SURICATA = {1: 8.0, 2: 5.5, 3: 2.5, 4: 1.0}


def band(score: float) -> Severity:
    """Return the band of a score: critical from 9, high from 7, medium from 4, low below."""
    return next((severity for least, severity in _BANDS if score >= least), Severity.LOW)


def number_of(value: Any) -> float | None:
    """Return a number, also one written as text; None for anything else and for what is not finite."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1e15 else None


def from_word(value: Any) -> float | None:
    """Return the score of a word such as "high"; None for an unknown one."""
    return _WORDS.get(as_text(value).lower())


def from_wazuh(level: Any) -> float | None:
    """Return the score of a Wazuh rule level, 0 to 15 (16 counts as 15)."""
    number = number_of(level)
    if number is None or not 0 <= number <= 20:
        return None
    return _WAZUH[min(int(number), len(_WAZUH) - 1)]


def from_suricata(severity: Any) -> float | None:
    """Return the score of a Suricata or Snort priority, where 1 is the worst."""
    number = number_of(severity)
    return None if number is None else _SURICATA.get(int(number))


def from_syslog(level: Any) -> float | None:
    """Return the score of a syslog level, 0 (emergency) to 7 (debug): a log level, and so never critical by itself."""
    number = number_of(level)
    return _SYSLOG[int(number)] if number is not None and 0 <= number < len(_SYSLOG) else None


def from_risk(word: Any, risk: Any) -> float | None:
    """Return the score of a word with a risk of 0 to 100 beside it: the word names the band, the risk refines it."""
    by_word = from_word(word)
    number = number_of(risk)
    by_risk = number / 10 if number is not None and 0 <= number <= 100 else None
    if by_word is None:
        return by_risk
    return by_risk if by_risk is not None and band(by_risk) == band(by_word) else by_word


def from_unknown_scale(value: Any) -> float | None:
    """Return the score of a severity of a source we do not know: a word, 0 to 10, or 0 to 100."""
    by_word = from_word(value)
    if by_word is not None:
        return by_word
    number = number_of(value)
    if number is None or not 0 <= number <= 100:
        return None
    return number if number <= 10 else number / 10
