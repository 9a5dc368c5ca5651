"""What every test may use: the database, as the application's role, and the cast."""

pytest_plugins = [
    "tests.database",
    "tests.people",
    "tests.doors",
    "tests.world",
    "tests.bus",
    "tests.exhibits",
    "tests.outage",
    "tests.timestamps",
]
