"""What the kit is told by the process it runs in: the web process and the plugin host configure it alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from coordination.channels.channel import ChannelInfo


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """The way out for channels that send mail (`ChannelInfo.sends_mail`)."""

    backend: str = "django.core.mail.backends.smtp.EmailBackend"
    host: str = "127.0.0.1"
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    use_tls: bool = False
    use_ssl: bool = False
    timeout: float = 20.0
    sender: str = ""


@dataclass(frozen=True, kw_only=True)
class KitSettings:
    """What channels may reach and whose name they use. The default reaches public addresses over TLS only."""

    allowed_networks: tuple[str, ...] = ()
    allow_plain_http: bool = False
    ca_file: str = ""
    http_seconds: float = 15.0
    platform_name: str = ""
    platform_domain: str = ""
    mail: MailSettings | None = None

    def for_channel(self, info: ChannelInfo) -> Self:
        """Return what a host of this channel needs to know and no more: no mail password for a webhook."""
        return self if info.sends_mail else replace(self, mail=None)

    def to_json(self) -> dict[str, Any]:
        """Return this as plain JSON values, mail password included: for the pipe to a host, never a log."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_json` was given."""
        mail = data.get("mail")
        plain = {**data, "allowed_networks": tuple(data.get("allowed_networks", ()))}
        return cls(**{**plain, "mail": MailSettings(**mail) if mail else None})

    @classmethod
    def from_django(cls, settings: Any) -> Self:
        """Return what the Django settings of the web process and the workers say."""
        mail = MailSettings(
            backend=settings.EMAIL_BACKEND,
            host=settings.EMAIL_HOST,
            port=settings.EMAIL_PORT,
            user=settings.EMAIL_HOST_USER,
            password=settings.EMAIL_HOST_PASSWORD,
            use_tls=settings.EMAIL_USE_TLS,
            use_ssl=settings.EMAIL_USE_SSL,
            timeout=settings.EMAIL_TIMEOUT or 20.0,
            sender=settings.DEFAULT_FROM_EMAIL,
        )
        return cls(
            allowed_networks=tuple(getattr(settings, "CHANNELS_ALLOWED_NETWORKS", ())),
            allow_plain_http=getattr(settings, "CHANNELS_ALLOW_PLAIN_HTTP", False),
            ca_file=getattr(settings, "CHANNELS_CA_FILE", ""),
            http_seconds=getattr(settings, "CHANNELS_HTTP_SECONDS", 15.0),
            platform_name=getattr(settings, "PLATFORM_NAME", ""),
            platform_domain=getattr(settings, "PLATFORM_DOMAIN", ""),
            mail=mail,
        )


class _Held:
    """The one set of settings of this process."""

    current = KitSettings()


def configure(settings: KitSettings) -> None:
    """Tell the kit, once per process, what channels may reach and use."""
    _Held.current = settings


def current() -> KitSettings:
    """Return what the kit was told; before that, the strict default."""
    return _Held.current


def mail_settings(mail: MailSettings | None) -> dict[str, Any]:
    """Return Django's names for the mail settings; without any, mail goes nowhere."""
    given = mail or MailSettings(backend="django.core.mail.backends.dummy.EmailBackend")
    return {
        "EMAIL_BACKEND": given.backend,
        "EMAIL_HOST": given.host,
        "EMAIL_PORT": given.port,
        "EMAIL_HOST_USER": given.user,
        "EMAIL_HOST_PASSWORD": given.password,
        "EMAIL_USE_TLS": given.use_tls,
        "EMAIL_USE_SSL": given.use_ssl,
        "EMAIL_TIMEOUT": given.timeout,
        "DEFAULT_FROM_EMAIL": given.sender,
    }


def start_host(settings: KitSettings) -> None:
    """Set up Django and the kit in a fresh interpreter: no applications, no database, no keys."""
    import django
    from django.conf import settings as django_settings

    django_settings.configure(
        DEBUG=False,
        INSTALLED_APPS=[],
        USE_I18N=False,
        USE_TZ=True,
        TIME_ZONE="UTC",
        LOGGING_CONFIG=None,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        **mail_settings(settings.mail),
    )
    django.setup()
    configure(settings)
