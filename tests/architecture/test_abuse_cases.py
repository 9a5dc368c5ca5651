"""Each abuse case of the doors has a test that is named after it."""

import re
from pathlib import Path

import pytest
from django.conf import settings

# Signing in, foreign records, leaks and insiders: the ids of the list that the product is held to.
OF_THE_DOORS = (
    *("AUT-01", "AUT-02", "AUT-03", "AUT-04", "AUT-05", "AUT-06"),
    *("IDR-01", "IDR-02", "IDR-05", "IDR-07", "IDR-08", "IDR-09"),
    "LEK-03",
    *("INS-03", "INS-06", "INS-08", "INS-09"),
)
# False referrals, which send police to a stranger's door.
OF_SWATTING = ("SWT-01", "SWT-02", "SWT-03", "SWT-05", "SWT-06")
# Forged requests, as far as who asks goes; and two agencies of one name.
OF_REQUESTERS = ("EDR-02", "EDR-03", "EDR-08", "EDR-11", "EDR-13", "REC-02")
# A clock that jumps, and silence: what is said by the watchdog and on every page.
OF_THE_NIGHT = ("REL-08", "REL-10")
# Data that goes out beyond its legal basis, and emergencies that are none.
OF_REQUESTS = ("SCP-01", "SCP-02", "SCP-03", "SCP-04", "SCP-07", "SCP-10", "EDR-01", "EDR-05")
NAMES = re.findall(
    r"^def (test_\w+)",
    "\n".join(path.read_text() for path in sorted((Path(settings.BASE_DIR) / "tests").rglob("test_*.py"))),
    re.MULTILINE,
)


ALL = [*OF_THE_DOORS, *OF_SWATTING, *OF_REQUESTERS, *OF_THE_NIGHT, *OF_REQUESTS]


@pytest.mark.parametrize("case", ALL)
def test_an_abuse_case_has_a_test_named_after_it(case: str) -> None:
    wanted = f"test_{case.replace('-', '_').lower()}_"
    assert [name for name in NAMES if name.lower().startswith(wanted)], f"no test begins with {wanted}"
