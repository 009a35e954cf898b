"""The desk's own tags and filters, built in for every template."""

import json
from datetime import datetime
from decimal import Decimal

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Role
from soc.wire import wire_html

register = template.Library()

#: value -> (word, shape, css class). A word, a shape and a colour, never the colour alone.
SEVERITIES = {
    "critical": ("Critical", "◆", "sev-critical"),
    "high": ("High", "▲", "sev-high"),
    "medium": ("Medium", "●", "sev-medium"),
    "low": ("Low", "▽", "sev-low"),
}
LEVELS = {
    "none": ("No approval", "level-none"),
    "optional": ("Optional", "level-optional"),
    "recommended": ("Recommended", "level-recommended"),
    "required": ("Required", "level-required"),
    "dual": ("Dual", "level-dual"),
    "dual_required": ("Dual", "level-dual"),
}
#: status -> (word, icon, tone); actions, alerts, triage and attempts share one vocabulary.
STATUSES = {
    "proposed": ("Proposed", "circle-dashed", "neutral"),
    "refused": ("Refused by guardrail", "ban", "bad"),
    "pending": ("Pending", "hourglass", "wait"),
    "approved": ("Approved", "check", "info"),
    "executing": ("Executing", "bolt", "info"),
    "executed": ("Executed", "circle-check", "good"),
    "failed": ("Failed", "circle-x", "bad"),
    "unknown": ("Outcome unknown", "alert-triangle", "warn"),
    "rejected": ("Rejected", "x", "bad"),
    "expired": ("Expired", "clock", "neutral"),
    "cancelled": ("Cancelled", "x", "neutral"),
    "new": ("New", "point", "info"),
    "in_progress": ("In progress", "activity", "wait"),
    "closed": ("Closed", "check", "neutral"),
    "running": ("Running", "activity", "info"),
    "done": ("Done", "check", "good"),
    "claimed": ("Claimed", "bolt", "info"),
    "dispatching": ("Dispatching", "bolt", "info"),
    "succeeded": ("Succeeded", "circle-check", "good"),
    "true_positive": ("True positive", "alert-triangle", "bad"),
    "false_positive": ("False positive", "circle-check", "good"),
    "suspicious": ("Suspicious", "help-circle", "warn"),
}


@register.filter
def wire(value: object) -> SafeString:
    """Escape text that a source, an agent or an attacker wrote, and show what hides in it as glyphs."""
    return wire_html("" if value is None else str(value))


@register.filter
def ago(moment: datetime | None) -> str:
    """Say how long ago (or in how long) in one unit: "3 min ago", "in 2 h"."""
    if moment is None:
        return "never"
    seconds = (timezone.now() - moment).total_seconds()
    words = duration(abs(seconds))
    if abs(seconds) < 1:
        return "now"
    return f"{words} ago" if seconds > 0 else f"in {words}"


@register.filter
def duration(seconds: float | Decimal | None) -> str:
    """Say a length of time in its largest fitting unit: "45 s", "12 min", "4 h", "3 d"."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 2 * 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min" if whole % 3600 >= 60 else f"{whole // 3600} h"
    return f"{whole // 86_400} d"


@register.filter
def percent(share: float | None) -> str:
    """Show a share from 0 to 1 as whole per cent."""
    return "–" if share is None else f"{share * 100:.0f} %"


@register.filter
def pretty(value: object) -> str:
    """Spread JSON out for reading; put `wire` behind it."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def words(code: object) -> str:
    """Turn a code into words: "own_proposal" -> "own proposal"."""
    return str(code or "").replace("_", " ")


@register.filter
def role(code: object) -> str:
    """Show a role's name: "soc_lead" -> "SOC lead"; what is no role stays words."""
    return str(Role(str(code)).label) if str(code) in Role.values else words(code)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Show one icon of the sprite; without a label it is decoration and hidden from screen readers."""
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def severity_badge(severity: str) -> SafeString:
    """Show a severity as word, shape and colour."""
    word, shape, css = SEVERITIES.get(str(severity), (str(severity) or "None", "·", "sev-none"))
    return format_html('<span class="sev {}"><span aria-hidden="true">{}</span> {}</span>', css, shape, word)


@register.simple_tag
def level_badge(level: str, filled: int | None = None, needed: int | None = None) -> SafeString:
    """Show an approval level; for a dual one with its progress ("Dual 1∕2") where the counts are given."""
    word, css = LEVELS.get(str(level), (str(level), "level-none"))
    if str(level).startswith("dual") and filled is not None and needed:
        return format_html(
            '<span class="level {}">{} <span aria-hidden="true">{}∕{}</span>'
            '<span class="visually-hidden">{} of {} approvals</span></span>',
            css, word, filled, needed, filled, needed,
        )  # fmt: skip
    return format_html('<span class="level {}">{}</span>', css, word)


@register.simple_tag
def status_badge(status: str) -> SafeString:
    """Show a state of an action, an alert, a triage or an attempt as icon and word."""
    word, icon_name, tone = STATUSES.get(str(status), (words(status).capitalize() or "–", "point", "neutral"))
    return format_html('<span class="status tone-{}" data-status="{}">{}{}</span>', tone, status, icon(icon_name), word)


@register.simple_tag
def when(moment: datetime | None, missing: str = "–") -> SafeString:
    """Show a moment in UTC; scripts turn it into the reader's zone, the title keeps UTC and the distance."""
    if moment is None:
        return format_html('<span class="text-secondary">{}</span>', missing)
    utc = moment.astimezone(timezone.get_default_timezone())
    now = timezone.now()
    long = "%d %b %H:%M" if utc.year == now.year else "%d %b %Y %H:%M"
    form = "%H:%M:%S" if utc.date() == now.date() else long
    return format_html(
        '<time class="when" datetime="{}" title="{} UTC, {}">{} UTC</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"), utc.strftime("%Y-%m-%d %H:%M:%S"), ago(moment), utc.strftime(form),
    )  # fmt: skip
