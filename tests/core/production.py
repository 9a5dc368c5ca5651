"""What a production must set, and nothing more."""

import base64

KEY = base64.b64encode(bytes(32)).decode()
PRODUCTION = {
    "PROFILE": "production",
    "SECRET_KEY": "0123456789" * 5,
    "SEALING_KEYS": f"k1:{KEY}",
    "BLIND_INDEX_KEY": KEY,
    "LEDGER_ORIGIN": "riverside-chat.com/ledger",
    "LEDGER_SIGNING_KEYS": KEY,
    "ALLOWED_HOSTS": "desk.example",
    "PLATFORM_NAME": "Riverside",
    "PLATFORM_DOMAIN": "riverside-chat.com",
    "PUBLIC_URL": "https://desk.riverside-chat.com",
    "CONTACT_PHONE": "+1 970 555 0123",
    "EMAIL_HOST": "127.0.0.1",
    "DEFAULT_FROM_EMAIL": "desk@riverside-chat.com",
    "WATCHDOG_EMAIL": "manager@riverside-chat.com",
}
NAMES = (
    "PLATFORM_NAME",
    "PLATFORM_DOMAIN",
    "PUBLIC_URL",
    "CONTACT_PHONE",
    "EMAIL_HOST",
    "DEFAULT_FROM_EMAIL",
)
