"""Has pytest show an integrator the values that an assertion of the contract compared."""

import pytest

pytest.register_assert_rewrite(
    "coordination.channels.testing.callbacks", "coordination.channels.testing.contract"
)
