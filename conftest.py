"""What the tests of the application and of the in-tree plugins share."""

pytest_plugins = ["tests.database"]
