"""The doors: allauth's pages as far as this desk has them, and our own. Nobody signs up."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from coordination.access import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", views.change_password, name="account_change_password"),
    path("enrol/<str:plain>/", views.enrol, name="account_enrol"),
    path("sessions/<int:pk>/end/", views.end_session, name="account_end_session"),
    path("mfa/", views.MyDoors.as_view(), name="mfa_index"),
    path("mfa/authenticate/", views.CodeAtSignIn.as_view(), name="mfa_authenticate"),
    path("mfa/webauthn/keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("mfa/", include("allauth.mfa.urls")),
]
