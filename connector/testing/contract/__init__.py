"""Contract suites: test classes to inherit from, one module per kind of plug-in; they need pytest."""
