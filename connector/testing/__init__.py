"""Servers, fakes and contract suites for tests of connectors; nothing in the product imports this."""
