"""What a caller may do. A view that declares no rule answers nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from coordination.access import services as access
from coordination.access.services import ApiToken
from coordination.rest import callers

# As `access_rule`: anybody, without a token. For the schema, and hardly anything else.
PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one method of a view needs: a scope of the token, a permission of the person, or both."""

    scope: str = ""
    permission: str = ""


def declared_rule(view: Any, method: str) -> Rule | None:
    """Return the rule that a view (or its class) declares for `method`; None where there is none.

    `required_scope` and `access_rule` are a name for all methods or a map from methods to names.
    `access_rule` is a permission (<slice>.<codename>) or PUBLIC.
    """
    scope = _for_method(getattr(view, "required_scope", None), method)
    permission = _for_method(getattr(view, "access_rule", None), method)
    return Rule(scope=scope, permission=permission) if scope or permission else None


class DenyByDefault(BasePermission):
    """Deny unless the view declares a rule for the method and the caller fulfils all of it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the caller fulfils the view's rule; raise where the token's scope is what lacks."""
        rule = declared_rule(view, request.method or "")
        if rule is None:
            return False
        if rule.permission == PUBLIC:
            return True
        token = request.auth
        if not isinstance(token, ApiToken):
            return False
        if not callers.standing(request).may_act:
            access.record_refusal(token, why="suspended")
            return False
        if rule.scope and not token.allows(rule.scope):
            access.record_refusal(token, why="scope")
            raise PermissionDenied(code="insufficient_scope")
        return not rule.permission or access.has(request.user, rule.permission)


def _for_method(declared: str | Mapping[str, str] | None, method: str) -> str:
    if isinstance(declared, Mapping):
        return declared.get(method) or (declared.get("GET", "") if method == "HEAD" else "")
    return declared or ""
