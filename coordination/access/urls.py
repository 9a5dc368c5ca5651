"""The doors: allauth's pages as far as this desk has them, and our own. Nobody signs up."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from coordination.access import views
from coordination.core.rules import Rule, anybody, by_name, oneself

_SIGNING_IN = anybody("Where one signs in; without the first step, the second leads there.")
_FACTORS = oneself("One's own ways in.")
_SHOWN_AND_TAKEN = {"GET": _FACTORS, "POST": _FACTORS}
RULES: dict[str, dict[str, Rule]] = {
    "account_login": {"GET": _SIGNING_IN, "POST": _SIGNING_IN},
    "mfa_authenticate": {"GET": _SIGNING_IN, "POST": _SIGNING_IN},
    "mfa_login_webauthn": {"GET": _SIGNING_IN, "POST": _SIGNING_IN},
    "account_logout": dict.fromkeys(("GET", "POST"), anybody("Where one signs out.")),
    "account_inactive": {"GET": anybody("Says that an account opens nothing, and nothing of the account.")},
    "account_enrol": dict.fromkeys(
        ("GET", "POST"),
        anybody("The one-time way in: what it opens for is sent in the form; another is a 404."),
    ),
    "account_reauthenticate": _SHOWN_AND_TAKEN,
    "account_change_password": _SHOWN_AND_TAKEN,
    "account_end_session": {"POST": oneself("Ends one of one's own sessions.")},
    "mfa_index": {"GET": _FACTORS},
    "mfa_reauthenticate": _SHOWN_AND_TAKEN,
    "mfa_activate_totp": _SHOWN_AND_TAKEN,
    "mfa_deactivate_totp": _SHOWN_AND_TAKEN,
    "mfa_view_recovery_codes": {"GET": _FACTORS},
    "mfa_generate_recovery_codes": _SHOWN_AND_TAKEN,
    "mfa_download_recovery_codes": {"GET": _FACTORS},
    "mfa_list_webauthn": {"GET": _FACTORS},
    "mfa_add_webauthn": _SHOWN_AND_TAKEN,
    "mfa_reauthenticate_webauthn": _SHOWN_AND_TAKEN,
    "mfa_remove_webauthn": _SHOWN_AND_TAKEN,
    "mfa_edit_webauthn": _SHOWN_AND_TAKEN,
}

pages: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", views.change_password, name="account_change_password"),
    path("enrol/", views.enrol, name="account_enrol"),
    path("sessions/<int:pk>/end/", views.end_session, name="account_end_session"),
    path("mfa/", views.MyDoors.as_view(), name="mfa_index"),
    path("mfa/authenticate/", views.CodeAtSignIn.as_view(), name="mfa_authenticate"),
    path("mfa/webauthn/keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("mfa/", include("allauth.mfa.urls")),
]
urlpatterns = by_name(pages, RULES)
