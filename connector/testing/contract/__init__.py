"""Contract suites: test classes to inherit from, one module per kind of plug-in; they need pytest."""

import pytest

# Or the asserts in them would say nothing when they fail.
pytest.register_assert_rewrite(
    "connector.testing.contract.converters",
    "connector.testing.contract.formats",
    "connector.testing.contract.s3_answers",
)
