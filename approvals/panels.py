"""What approvals add to the alert's page: its actions, and the recommended ones that can be proposed."""

from django.template.loader import render_to_string

from accounts.models import User
from accounts.people import DECIDING, roles_of
from approvals.selectors import visible
from incidents.hooks import alert_panels
from incidents.models import Alert


def actions_panel(viewer: User, alert: Alert) -> str:
    """Return the panel's HTML."""
    verdict = alert.verdicts.filter(is_current=True).first()
    return render_to_string(
        "approvals/alert_panel.html",
        {
            "alert": alert,
            "actions": visible(viewer).filter(alert=alert).order_by("-created_at")[:20],
            "recommended": verdict.recommended_actions if verdict else [],
            "can_propose": bool(roles_of(viewer) & DECIDING),
        },
    )


alert_panels.append(actions_panel)
